"""The room in which Saleor is spoken: its calls, payloads, signatures and tokens; no rule of the programme is here."""
