"""Plan, ledger, storage, workers: turns a recipe into a build folder."""
