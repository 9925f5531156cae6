"""plotart: an image or a neuron goes in, pen-ready layers come out."""
