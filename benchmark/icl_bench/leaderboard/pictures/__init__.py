"""The pictures of the leaderboard's pages as SVG: pure functions, the same bytes for the same data.

They keep the habits of `icl_bench.charts`, whose stylesheet gives them their colours: no ids, scripts, style
attributes or references, and nothing that only colour shows.
"""

from icl_bench.leaderboard.pictures.architecture import draw_architecture
from icl_bench.leaderboard.pictures.badge import draw_badge
from icl_bench.leaderboard.pictures.panel import Panel, draw_legend, draw_panel
from icl_bench.leaderboard.pictures.prompt import draw_prompt

__all__ = ["Panel", "draw_architecture", "draw_badge", "draw_legend", "draw_panel", "draw_prompt"]
