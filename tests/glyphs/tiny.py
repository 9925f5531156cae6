"""The least run of glyphs."""

TINY = {
    "primitive.glyphs": 6,
    "primitive.messages.size": 6,
    "primitive.columns": 3,
    "primitive.count": 2,
    "primitive.hidden": 16,
    "size": 64,
    "page.size": "60x60mm",
    "page.margin": 5,
    "objectives.message.filters": 4,
    "stages.0.steps": 60,
    "stages.0.batch": 12,
    "stages.0.copies": 1,
    "stages.0.looks": 4,
    "threads": 1,
}
