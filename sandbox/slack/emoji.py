"""Slack's emoji shortcodes, as far as operations people use them; others stay readable as ``:name:``."""

import re

EMOJI: dict[str, str] = {
    name: symbol
    for line in """
    rotating_light 🚨|warning ⚠️|bell 🔔|no_bell 🔕|mega 📣|loudspeaker 📢|fire 🔥|boom 💥|zap ⚡|sos 🆘|siren 🚨
    red_circle 🔴|large_orange_circle 🟠|orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|green_circle 🟢
    large_blue_circle 🔵|large_purple_circle 🟣|white_circle ⚪|black_circle ⚫|large_red_square 🟥
    large_orange_square 🟧|large_yellow_square 🟨|large_green_square 🟩|large_blue_square 🟦|white_large_square ⬜
    white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑
    question ❓|exclamation ❗|bangbang ‼️|information_source ℹ️|heavy_plus_sign ➕|heavy_minus_sign ➖
    arrow_up ⬆️|arrow_down ⬇️|arrow_right ➡️|arrow_left ⬅️|arrow_upper_right ↗️|arrow_lower_right ↘️
    arrows_counterclockwise 🔄|repeat 🔁|leftwards_arrow_with_hook ↩️|back 🔙|soon 🔜
    chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|clipboard 📋|memo 📝|bookmark 🔖
    clock1 🕐|clock3 🕒|hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|alarm_clock ⏰|calendar 📅|date 📅
    hammer 🔨|wrench 🔧|hammer_and_wrench 🛠️|gear ⚙️|lock 🔒|unlock 🔓|key 🔑|link 🔗|mag 🔍|mag_right 🔎|bulb 💡
    package 📦|ship 🚢|rocket 🚀|whale 🐳|wheel_of_dharma ☸️|cloud ☁️|computer 💻|satellite 🛰️|satellite_antenna 📡
    electric_plug 🔌|battery 🔋|thermometer 🌡️|traffic_light 🚦|vertical_traffic_light 🚦|construction 🚧
    checkered_flag 🏁|triangular_flag_on_post 🚩|pushpin 📌|round_pushpin 📍|paperclip 📎|scroll 📜|books 📚
    eyes 👀|wave 👋|+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|ok_hand 👌|pray 🙏|clap 👏|raised_hands 🙌|muscle 💪
    point_right 👉|point_up ☝️|technologist 🧑‍💻|robot_face 🤖|ghost 👻|skull 💀|see_no_evil 🙈|detective 🕵️
    tada 🎉|sparkles ✨|star ⭐|star2 🌟|trophy 🏆|gift 🎁|crown 👑|gem 💎|heart ❤️|100 💯
    smile 😄|slightly_smiling_face 🙂|joy 😂|thinking_face 🤔|sweat_smile 😅|scream 😱|sob 😭|cry 😢|sleeping 😴
    face_with_monocle 🧐|exploding_head 🤯|grimacing 😬|zzz 💤|dash 💨|ocean 🌊|snowflake ❄️|sunny ☀️|umbrella ☔
    coffee ☕|pizza 🍕|seedling 🌱|evergreen_tree 🌲|turtle 🐢|snail 🐌|rabbit2 🐇|bug 🐛|bee 🐝|spider_web 🕸️
    """.splitlines()
    for pair in line.strip().split("|")
    if pair
    for name, symbol in [pair.split(" ", 1)]
}
SHORTCODE = re.compile(r":([a-z0-9_+'-]+)(?:::skin-tone-[2-6])?:")


def spoken_name(name: str) -> str:
    """Return how a screen reader says an emoji."""
    return f"{name.replace('_', ' ')} emoji"
