"""Readers: from files of many formats to raw records. A damaged record is a row with a problem, never a stop."""
