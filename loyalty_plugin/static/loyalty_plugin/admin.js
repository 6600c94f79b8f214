/* A part of a page that is still being worked out fetches itself anew until it is done; what was typed stays. */
(() => {
  const again = async () => {
    const part = document.querySelector("[data-lp-refresh]");
    if (!part) return;
    try {
      const answer = await fetch(part.dataset.lpRefresh, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (answer.ok && fresh) part.replaceWith(fresh);
    } catch {
      /* Away for a moment: the next try may do better. */
    }
    setTimeout(again, 3000);
  };
  setTimeout(again, 2000);
})();
