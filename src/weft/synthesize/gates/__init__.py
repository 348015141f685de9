"""Gates: what every record must pass, by bands that are learnt from trusted text of its language."""
