"""The console's themes: quiet grounds, and colour only where it means something."""

from textual.theme import Theme

DARK = Theme(
    name="dcn-dark",
    dark=True,
    primary="#6cb2eb",
    secondary="#8fa8bf",
    accent="#56c8d8",
    foreground="#d3dae3",
    background="#0f1318",
    surface="#141a21",
    panel="#222b36",
    success="#7cc48d",
    warning="#e8b463",
    error="#f07b75",
    variables={
        "text-muted": "#7d8a99",
        "border": "#6cb2eb",
        "border-blurred": "#2f3b49",
        "block-cursor-text-style": "none",
        "footer-key-foreground": "#6cb2eb",
        "scrollbar": "#34404e",
        "scrollbar-background": "#141a21",
        "scrollbar-corner-color": "#141a21",
    },
)

LIGHT = Theme(
    name="dcn-light",
    dark=False,
    primary="#1f6fb2",
    secondary="#52677c",
    accent="#0b7a8a",
    foreground="#1d2630",
    background="#f4f6f8",
    surface="#fbfcfd",
    panel="#dde4eb",
    success="#23794a",
    warning="#96600a",
    error="#b3322c",
    variables={
        "text-muted": "#65727f",
        "border": "#1f6fb2",
        "border-blurred": "#c3ccd6",
        "block-cursor-text-style": "none",
        "footer-key-foreground": "#1f6fb2",
    },
)
