"""A ``data_visualization`` block as an inline SVG, with its numbers in words for those who cannot see it."""

import html
from typing import Any

WIDTH, HEIGHT = 560, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 44
COLOURS = 6
PIE_RADIUS = 84


def _number(value: float) -> str:
    return f"{value:g}"


def _spoken(chart: dict[str, Any]) -> str:
    """Say what the chart shows."""
    if chart["type"] == "pie":
        return "; ".join(f"{segment['label']} {_number(segment['value'])}" for segment in chart["segments"])
    return "; ".join(
        f"{series['name']}: " + ", ".join(f"{point['label']} {_number(point['value'])}" for point in series["data"])
        for series in chart["series"]
    )


def _steps(low: float, high: float) -> list[float]:
    """Return about four round values between the least and the greatest."""
    span = (high - low) or 1
    step = next(
        size * 10**power for power in range(-6, 16) for size in (1, 2, 2.5, 5) if span / (size * 10**power) <= 4
    )
    first = int(low // step)
    last = int(-(-high // step))
    return [number * step for number in range(first, last + 1)]


class _Plot:
    """Turns values into places of one line, bar or area chart."""

    def __init__(self, chart: dict[str, Any]) -> None:
        self.categories: list[str] = chart["axis_config"]["categories"]
        values = [point["value"] for series in chart["series"] for point in series["data"]]
        self.steps = _steps(min([0, *values]), max([0, *values]))
        self.slot = (WIDTH - LEFT - RIGHT) / len(self.categories)

    def x(self, index: int) -> float:
        return LEFT + self.slot * (index + 0.5)

    def y(self, value: float) -> float:
        low, high = self.steps[0], self.steps[-1]
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / ((high - low) or 1)

    def grid(self) -> str:
        lines = [
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(step):.1f}" y2="{self.y(step):.1f}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{self.y(step) + 4:.1f}" text-anchor="end">{_number(step)}</text>'
            for step in self.steps
        ]
        # As many labels as fit side by side.
        every = -(-len(self.categories) * max(map(len, self.categories)) * 7 // (WIDTH - LEFT - RIGHT))
        labels = [
            f'<text class="tick" x="{self.x(index):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
            f"{html.escape(category)}</text>"
            for index, category in enumerate(self.categories)
            if index % max(every, 1) == 0
        ]
        return "".join(lines + labels)

    def points(self, series: dict[str, Any]) -> list[tuple[float, float]]:
        values = {point["label"]: point["value"] for point in series["data"]}
        return [(self.x(index), self.y(values[name])) for index, name in enumerate(self.categories)]


def _line(plot: _Plot, series: dict[str, Any], number: int, is_area: bool) -> str:
    points = plot.points(series)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle class="fill{number}" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>' for x, y in points)
    area = ""
    if is_area:
        floor = plot.y(0)
        outline = f"{points[0][0]:.1f},{floor:.1f} {path} {points[-1][0]:.1f},{floor:.1f}"
        area = f'<polygon class="fill{number} area" points="{outline}"/>'
    return f'{area}<polyline class="stroke{number}" points="{path}"/>{dots}'


def _bars(plot: _Plot, series: dict[str, Any], number: int, of: int) -> str:
    width = plot.slot * 0.72 / of
    floor = plot.y(0)
    return "".join(
        f'<rect class="fill{number}" x="{x - width * of / 2 + width * number:.1f}" y="{min(y, floor):.1f}"'
        f' width="{width:.1f}" height="{max(abs(floor - y), 0.5):.1f}" rx="1.5"/>'
        for x, y in plot.points(series)
    )


def _axes_chart(chart: dict[str, Any]) -> str:
    plot = _Plot(chart)
    drawn = [plot.grid()]
    for number, series in enumerate(chart["series"]):
        if chart["type"] == "bar":
            drawn.append(_bars(plot, series, number, len(chart["series"])))
        else:
            drawn.append(_line(plot, series, number, chart["type"] == "area"))
    axis = html.escape(chart["axis_config"].get("x_label") or "")
    drawn.append(f'<text class="axis" x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{axis}</text>')
    return "".join(drawn)


def _pie(chart: dict[str, Any]) -> str:
    """Draw slices as dashes of one thick circle: the circumference of radius r/2 is the whole."""
    total = sum(segment["value"] for segment in chart["segments"])
    whole = 2 * 3.141592653589793 * PIE_RADIUS / 2
    drawn, start = [], 0.0
    for number, segment in enumerate(chart["segments"]):
        part = whole * segment["value"] / total
        drawn.append(
            f'<circle class="slice{number}" cx="{WIDTH / 2}" cy="{HEIGHT / 2}" r="{PIE_RADIUS / 2}"'
            f' stroke-width="{PIE_RADIUS}" stroke-dasharray="{part:.2f} {whole - part:.2f}"'
            f' stroke-dashoffset="{-start:.2f}" transform="rotate(-90 {WIDTH / 2} {HEIGHT / 2})"/>'
        )
        start += part
    return "".join(drawn)


def chart_html(block: dict[str, Any]) -> str:
    """Render a native chart: title, drawing, legend."""
    chart = block["chart"]
    is_pie = chart["type"] == "pie"
    names = [item["label"] if is_pie else item["name"] for item in chart["segments" if is_pie else "series"]]
    legend = "".join(
        f'<li><span class="key key{number % COLOURS}" aria-hidden="true"></span>{html.escape(name)}</li>'
        for number, name in enumerate(names)
    )
    unit = "" if is_pie else html.escape(chart["axis_config"].get("y_label") or "")
    title = html.escape(block["title"])
    words = html.escape(f"{chart['type'].capitalize()} chart: {block['title']}. {_spoken(chart)}")
    return (
        f'<figure class="chart"><figcaption>{title}{f" <span>{unit}</span>" if unit else ""}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">'
        f"{_pie(chart) if is_pie else _axes_chart(chart)}</svg><ul>{legend}</ul></figure>"
    )
