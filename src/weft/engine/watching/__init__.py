"""Listeners of a run: its log, its progress for `weft status`, metrics and traces; and what reads them."""
