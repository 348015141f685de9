"""Makes records from the text of a language: with models, lexicons and rules; every record passes the gates."""
