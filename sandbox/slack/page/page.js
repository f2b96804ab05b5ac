// Keeps the page fresh: asks for the state, replaces only what changed, keeps the reader's place.
"use strict";

const INTERVAL_MS = 1500;
const place = document.body.dataset;
const SEEN_KEY = "sandbox-slack-seen";

function seenCounts() {
  try {
    return JSON.parse(localStorage.getItem(SEEN_KEY)) ?? {};
  } catch {
    return {};
  }
}

/** Shows per channel how many messages came since this browser last looked. */
function markUnread() {
  const seen = seenCounts();
  for (const link of document.querySelectorAll("[data-channel] .count")) {
    const channel = link.closest("a").dataset.channel;
    const count = Number(link.dataset.count);
    if (channel === place.channel) seen[channel] = count;
    const unread = Math.max(count - (seen[channel] ?? 0), 0);
    link.textContent = unread || "";
    link.closest("a").classList.toggle("unread", unread > 0);
  }
  try {
    localStorage.setItem(SEEN_KEY, JSON.stringify(seen));
  } catch {
    // Without storage every message counts as new: a nuisance, not an error.
  }
}

/** Opens again what the reader had opened in a piece that is being replaced. */
function keepOpen(before, after) {
  for (const details of before.querySelectorAll("details[open]")) {
    const same = after.querySelector(`details[data-key="${details.dataset.key}"]`);
    if (same) same.open = true;
  }
}

function piece(item) {
  const node = document.createElement("div");
  node.dataset.id = item.id;
  node.dataset.print = item.print;
  node.innerHTML = item.html;
  return node;
}

/** Makes a list show the items, touching only those whose print differs. */
function sync(list, items) {
  const known = new Map([...list.children].map((node) => [node.dataset.id, node]));
  let cursor = list.firstElementChild;
  for (const item of items) {
    let node = known.get(item.id);
    known.delete(item.id);
    if (!node || node.dataset.print !== item.print) {
      const fresh = piece(item);
      if (node) {
        keepOpen(node, fresh);
        if (node === cursor) cursor = fresh;
        node.replaceWith(fresh);
      } else {
        fresh.classList.add("new");
      }
      node = fresh;
    }
    if (node === cursor) cursor = cursor.nextElementSibling;
    else list.insertBefore(node, cursor);
  }
  for (const node of known.values()) node.remove();
}

function isAtEnd(scroller) {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60;
}

async function refresh() {
  const query = new URLSearchParams({
    channel: place.channel, thread: place.thread, as: place.as, known: place.version,
  });
  const answer = await fetch(`/page/state?${query}`);
  if (!answer.ok) throw new Error(`state: ${answer.status}`);
  const state = await answer.json();
  if (state.version === place.version) return;
  const scroller = document.getElementById("scroll");
  const stays = isAtEnd(scroller);
  sync(document.getElementById("channels"), state.channels);
  sync(document.getElementById("log"), state.messages);
  if (place.thread) sync(document.getElementById("thread"), state.thread);
  place.version = state.version;
  markUnread();
  if (stays) scroller.scrollTop = scroller.scrollHeight;
}

async function keepFresh() {
  try {
    if (!document.hidden) await refresh();
    document.getElementById("offline").hidden = true;
  } catch {
    document.getElementById("offline").hidden = false;
  }
  setTimeout(keepFresh, INTERVAL_MS);
}

markUnread();
if (!location.hash) {
  const scroller = document.getElementById("scroll");
  scroller.scrollTop = scroller.scrollHeight;
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && place.thread) location.href = document.querySelector(".close").href;
});
setTimeout(keepFresh, INTERVAL_MS);
