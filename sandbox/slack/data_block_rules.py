"""Block Kit's rules for blocks that show data: ``table`` and ``data_visualization`` (charts)."""

from typing import Any

from sandbox.slack.block_checks import Findings, type_of
from sandbox.slack.rich_text_rules import check_rich_text

CHART_TITLE_LENGTH = 50
CHART_LABEL_LENGTH = 20
AXIS_LABEL_LENGTH = 50
CHART_SERIES = 6
CHART_SEGMENTS = 6
CHART_POINTS = 20
CHART_TYPES = ("line", "bar", "area", "pie")
TABLE_ROWS = 100
TABLE_CELLS = 20
TABLE_CELL_LENGTH = 2000


def _check_pie(chart: dict[str, Any], at: str, findings: Findings) -> None:
    for segment, pointer in findings.items(chart.get("segments"), f"{at}/segments", CHART_SEGMENTS):
        if findings.is_object(segment, pointer) and findings.has_fields(segment, pointer, "label", "value"):
            findings.string(segment["label"], f"{pointer}/label", CHART_LABEL_LENGTH)
            if findings.number(segment["value"], f"{pointer}/value") and segment["value"] <= 0:
                findings.add(f"{pointer}/value", "must be more than 0")


def _check_series(series: dict[str, Any], at: str, findings: Findings, categories: list[Any]) -> None:
    if not findings.has_fields(series, at, "name", "data"):
        return
    findings.string(series["name"], f"{at}/name", CHART_LABEL_LENGTH)
    labels = []
    for point, pointer in findings.items(series["data"], f"{at}/data", CHART_POINTS):
        if findings.is_object(point, pointer) and findings.has_fields(point, pointer, "label", "value"):
            findings.string(point["label"], f"{pointer}/label", CHART_LABEL_LENGTH)
            findings.number(point["value"], f"{pointer}/value")
            labels.append(point["label"])
    if sorted(map(str, labels)) != sorted(map(str, categories)):
        findings.add(f"{at}/data", "labels must match axis_config.categories")


def _check_axes(chart: dict[str, Any], at: str, findings: Findings) -> None:
    axes = chart.get("axis_config")
    if not findings.has_fields(chart, at, "axis_config") or not findings.is_object(axes, f"{at}/axis_config"):
        return
    assert isinstance(axes, dict)
    for name in ("x_label", "y_label"):
        findings.optional_string(axes, name, f"{at}/axis_config", AXIS_LABEL_LENGTH)
    for category, pointer in findings.items(axes.get("categories"), f"{at}/axis_config/categories", CHART_POINTS):
        findings.string(category, pointer, CHART_LABEL_LENGTH)
    categories = axes.get("categories")
    names: list[Any] = []
    for series, pointer in findings.items(chart.get("series"), f"{at}/series", CHART_SERIES):
        if findings.is_object(series, pointer):
            _check_series(series, pointer, findings, categories if isinstance(categories, list) else [])
            if series.get("name") in names:
                findings.add(f"{pointer}/name", "series names must be unique")
            names.append(series.get("name"))


def check_data_visualization(block: dict[str, Any], at: str, findings: Findings) -> None:
    """Check a native chart: line, bar, area (series over shared categories) or pie (segments)."""
    if not findings.has_fields(block, at, "title", "chart"):
        return
    findings.string(block["title"], f"{at}/title", CHART_TITLE_LENGTH)
    chart = block["chart"]
    if not findings.is_object(chart, f"{at}/chart"):
        return
    if findings.one_of(chart.get("type"), f"{at}/chart/type", CHART_TYPES):
        (_check_pie if chart["type"] == "pie" else _check_axes)(chart, f"{at}/chart", findings)


def _check_cell(cell: Any, at: str, findings: Findings) -> None:
    if not findings.is_object(cell, at):
        return
    if cell.get("type") == "raw_text":
        findings.string(cell.get("text"), f"{at}/text", TABLE_CELL_LENGTH)
    elif cell.get("type") == "rich_text":
        check_rich_text(cell, at, findings)
    else:
        findings.add(f"{at}/type", f"unsupported type: {type_of(cell)}")


def check_table(block: dict[str, Any], at: str, findings: Findings) -> None:
    """Check a table: rows of ``raw_text`` or ``rich_text`` cells."""
    for row, pointer in findings.items(block.get("rows"), f"{at}/rows", TABLE_ROWS):
        for cell, cell_pointer in findings.items(row, pointer, TABLE_CELLS):
            _check_cell(cell, cell_pointer, findings)
    if block.get("column_settings") is not None:
        for _ in findings.items(block["column_settings"], f"{at}/column_settings", TABLE_CELLS, least=0):
            pass
