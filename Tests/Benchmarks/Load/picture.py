"""The table as one picture: a bar for each row, ours against the best of the others."""

from html import escape

WIDTH, LINE, LABEL, SCALE = 860, 26, 380, 300


def draw(rows: list[tuple[str, float]], title: str) -> str:
    """Rows are texts with ratios; 1 is the best of the others, less is better."""
    height = 60 + LINE * len(rows)
    one = LABEL + SCALE
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             f'<text x="10" y="22" font-weight="bold">{escape(title)}</text>']
    for index, (text, ratio) in enumerate(rows):
        y = 40 + LINE * index
        width = min(ratio, 1.5) * SCALE
        colour = "#3a7d44" if ratio <= 1 else "#b5542d"
        lines += [f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(text)}</text>',
                  f'<rect x="{LABEL}" y="{y + 2}" width="{width:.0f}" height="{LINE - 8}" fill="{colour}"/>',
                  f'<text x="{LABEL + width + 6:.0f}" y="{y + 14}">{ratio:.2f}</text>']
    lines += [f'<line x1="{one}" y1="34" x2="{one}" y2="{height - 18}" stroke="black" stroke-dasharray="4 3"/>',
              f'<text x="{one}" y="{height - 4}" text-anchor="middle">the best of the others</text>', "</svg>"]
    return "\n".join(lines) + "\n"
