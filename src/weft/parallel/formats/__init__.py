"""Files of translations in the formats that other tools read."""
