"""Questions that are one click away: those of the posts that announced response streaming, and some that show what an answer can hold."""

from __future__ import annotations

EXAMPLES: tuple[tuple[str, str], ...] = (
    ("Build a website", "How do I build a website?"),
    ("What is life", "what is life"),
    ("Español", "¿Qué es la vida?"),
    ("日本語", "人生とは何ですか"),
    ("中文", "生命是什么"),
    ("One sentence", "tell me one sentence"),
    ("Emoji", "Show me emoji"),
    ("Rich text", "Show me rich Markdown"),
    ("العربية", "ما هي الحياة؟"),
    ("A long story", "tell me a long story"),
)
"""What stands on the button, and what it asks."""
