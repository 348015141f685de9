"""Decides whether a row may be used for a purpose, and under which terms what is made of it stands."""
