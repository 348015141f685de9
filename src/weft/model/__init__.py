"""Arrow schemas, languages and scripts: the words that all rooms share."""
