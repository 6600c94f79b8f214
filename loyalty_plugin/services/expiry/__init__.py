"""What time does to points: they mature, expire, are cleared on a date, and may be brought back."""

from loyalty_plugin.services.expiry.bringing_back import BroughtBack, bring_back
from loyalty_plugin.services.expiry.clearing import Cleared, clear
from loyalty_plugin.services.expiry.closing import end_closed
from loyalty_plugin.services.expiry.due import bring_up_to_date
from loyalty_plugin.services.expiry.nightly import Done, expire, expire_inactive, mature

__all__ = [
    "BroughtBack",
    "Cleared",
    "Done",
    "bring_back",
    "bring_up_to_date",
    "clear",
    "end_closed",
    "expire",
    "expire_inactive",
    "mature",
]
