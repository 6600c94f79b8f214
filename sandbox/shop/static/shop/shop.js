// The cart as a drawer, the right price beside the chosen variant, and no double payment; every page works without it.
(() => {
  const drawer = document.querySelector("[data-drawer]");

  const show = (html) => {
    drawer.innerHTML = html;
    const inner = drawer.querySelector("[data-count-now]");
    for (const count of document.querySelectorAll("[data-count]")) {
      count.textContent = inner.dataset.countNow;
      count.hidden = inner.dataset.countNow === "0";
    }
    if (!drawer.open) drawer.showModal();
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.matches("[data-once]")) {
      for (const button of form.querySelectorAll("button")) setTimeout(() => { button.disabled = true; });
    }
    if (!form.matches("[data-drawer-form]") || !drawer.showModal || document.querySelector("main .lines")?.contains(form)) return;
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    const button = event.submitter;
    if (button) button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: data, headers: { "X-Requested-With": "drawer" } });
      if (!answer.ok) throw new Error(answer.status);
      show(await answer.text());
    } catch {
      form.removeAttribute("data-drawer-form");
      form.requestSubmit();
    } finally {
      if (button) button.disabled = false;
    }
  });

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.name === "variant") {
      for (const price of document.querySelectorAll("[data-price-of]")) price.hidden = price.dataset.priceOf !== field.value;
    }
    if (field.closest(".stepper")) field.form.requestSubmit();
    if (field.matches("select") && field.closest("[data-submit-on-change]")) field.form.requestSubmit();
  });

  drawer?.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });
})();
