"""Tensors to pixels: a differentiable rasterizer that knows no drawing."""
