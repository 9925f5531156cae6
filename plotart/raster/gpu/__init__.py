"""Kernels for CUDA (Triton)."""
