// Boxes that complete what is typed with entities of the graph. `data-complete` holds the kind (empty: any),
// `data-go` makes a choice open the entity's page; without it the choice's IRI is what the form sends.

const WAIT = 160;

export function completes(root) {
  for (const input of root.querySelectorAll("input[data-complete]")) complete(input);
}

function complete(input) {
  const list = document.createElement("ul");
  list.className = "offers";
  list.setAttribute("role", "listbox");
  list.hidden = true;
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-expanded", "false");
  input.after(list);
  if (getComputedStyle(input.parentElement).position === "static") input.parentElement.classList.add("search");
  const chosen = input.hasAttribute("data-go") ? null : sender(input);
  let timer, asked, current = -1;

  const close = () => {
    list.hidden = true;
    current = -1;
    input.setAttribute("aria-expanded", "false");
  };
  const mark = (place) => {
    current = (place + list.children.length) % list.children.length;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === current)));
    list.children[current].scrollIntoView({ block: "nearest" });
  };
  const pick = (hit) => {
    input.value = hit.label;
    close();
    if (chosen) chosen.choose(hit.iri);
    else if (hit.href) location.assign(hit.href);
  };
  const offer = async () => {
    asked?.abort();
    const text = input.value.trim();
    if (!text) return close();
    asked = new AbortController();
    const parameters = new URLSearchParams({ q: text, limit: "8" });
    if (input.dataset.complete) parameters.set("kind", input.dataset.complete);
    const language = new URLSearchParams(location.search).get("lang");
    if (language) parameters.set("lang", language);
    try {
      const response = await fetch(`/find?${parameters}`, { headers: { Accept: "application/json" }, signal: asked.signal });
      const hits = response.ok ? await response.json() : [];
      list.replaceChildren(...hits.map((hit) => item(hit, pick)));
      list.hidden = !hits.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
      current = -1;
    } catch (fault) {
      if (fault.name !== "AbortError") close();
    }
  };

  input.addEventListener("input", () => {
    chosen?.forget();
    clearTimeout(timer);
    timer = setTimeout(offer, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(current + 1);
    else if (event.key === "ArrowUp") mark(current - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && current >= 0) list.children[current].dispatchEvent(new Event("mousedown"));
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
}

function item(hit, pick) {
  const entry = document.createElement("li");
  entry.setAttribute("role", "option");
  const name = document.createElement("span");
  name.textContent = hit.matched && hit.matched !== hit.label ? `${hit.label} (${hit.matched})` : hit.label;
  const kind = document.createElement("span");
  kind.className = "kind";
  kind.textContent = hit.kind ?? "";
  entry.append(name, kind);
  entry.addEventListener("mousedown", (event) => {
    event.preventDefault();
    pick(hit);
  });
  return entry;
}

// The visible box shows a label; what is sent is a hidden field with the IRI, once there is one.
function sender(input) {
  const hidden = document.createElement("input");
  hidden.type = "hidden";
  const name = input.name;
  const choose = (iri) => {
    hidden.value = iri;
    hidden.name = name;
    input.removeAttribute("name");
  };
  const forget = () => {
    hidden.removeAttribute("name");
    input.name = name;
  };
  input.after(hidden);
  if (input.dataset.iri) choose(input.dataset.iri);
  return { choose, forget };
}

completes(document);
