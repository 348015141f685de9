"""Labels: one struct column for each operator; rows are never dropped here."""
