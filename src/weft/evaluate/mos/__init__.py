"""How good a translation is without a reference: learnt from what people said of translations of the same languages."""
