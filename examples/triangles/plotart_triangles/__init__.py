"""A primitive, an objective and a stage for plotart, in a package of their own."""
