"""One spelling of the same text: Unicode form, invisible characters, mojibake, Zawgyi; every change is counted."""
