"""What every room stands on: errors, colour, geometry, images, the canvas, the eye, settings and names of parts."""
