"""Questions that are one click away: those of the posts that announced response streaming, and some that show what an answer can hold."""

from __future__ import annotations

from demo.language import mark

EXAMPLES: tuple[tuple[str, str], ...] = (
    (mark("Build a website"), "How do I build a website?"),
    (mark("What is life"), "what is life"),
    ("Español", "¿Qué es la vida?"),
    ("日本語", "人生とは何ですか"),
    ("中文", "生命是什么"),
    (mark("One sentence"), "tell me one sentence"),
    (mark("Emoji"), "Show me emoji"),
    (mark("Rich text"), "Show me rich Markdown"),
    ("العربية", "ما هي الحياة؟"),
    (mark("A long story"), "tell me a long story"),
)
"""What stands on the button, which is translated where it is English, and what it asks."""
