"""Language identification: training, model file, scores and refusals."""
