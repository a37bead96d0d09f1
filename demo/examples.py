"""Questions that are one click away: those of the posts that announced response streaming, and some that show what an answer can hold."""

from __future__ import annotations

from collections.abc import Mapping

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
    (mark("Think first"), "Think before you answer: how many r are in strawberry?"),
    (mark("Call a tool"), "What is the weather in Paris?"),
)
"""What stands on the button, which is translated where it is English, and what it asks."""

TOOLS: Mapping[str, str] = {
    "What is the weather in Paris?": """\
[
  {
    "type": "function",
    "function": {
      "name": "get_weather",
      "description": "The weather in a city now",
      "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
        "required": ["city"]
      }
    }
  }
]"""
}
"""The tools that are offered with a question, as JSON."""
TOOL_ENDPOINT = "llama-3-8b-instruct-vllm"
"""Which of the twin's endpoints is asked where the chosen one takes no tools: one that tells thoughts and calls apart from text."""
