// The gallery answers in place; the rich editor replaces the plain one where it is installed.

const BASE = "https://w3id.org/commerce-kb/";
const tabs = document.querySelector(".tabs");
const duties = [...document.querySelectorAll("section.duty")];

function show(duty) {
  for (const section of duties) section.hidden = section.dataset.duty !== duty;
  for (const tab of tabs.children) tab.setAttribute("aria-selected", String(tab.dataset.duty === duty));
}

if (tabs && duties.length > 1) {
  tabs.hidden = false;
  tabs.parentElement.classList.add("tabbed");
  tabs.addEventListener("click", (event) => {
    const tab = event.target.closest("button");
    if (tab) show(tab.dataset.duty);
  });
  show(duties[0].dataset.duty);
}

for (const card of document.querySelectorAll("form[data-question]")) {
  card.addEventListener("submit", async (event) => {
    event.preventDefault();
    card.classList.add("busy");
    const parameters = new URLSearchParams(new FormData(card));
    const address = `${card.getAttribute("action")}?${parameters}`;
    parameters.set("part", "answer");
    try {
      const response = await fetch(`${card.getAttribute("action")}?${parameters}`, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const answer = page.querySelector(".answer") ?? page.querySelector(".problem");
      card.querySelector(".answer, .problem")?.remove();
      card.classList.add("open");
      card.append(answer);
      answer.querySelector("[data-open-query]")?.addEventListener("click", (click) => {
        if (open(answer.querySelector("pre").textContent)) click.preventDefault();
      });
    } catch {
      location.assign(address);
    } finally {
      card.classList.remove("busy");
    }
  });
}

let editor;

function open(query) {
  const plain = document.querySelector(".plain-editor textarea");
  if (editor) editor.getTab().getYasqe().setValue(query);
  else plain.value = query;
  document.querySelector("#editor").scrollIntoView();
  return true;
}

function start() {
  const place = document.querySelector("#yasgui");
  const plain = document.querySelector(".plain-editor");
  const asked = new URLSearchParams(location.search).get("query");
  const first = asked ?? plain.querySelector("textarea").value;
  if (typeof window.Yasgui === "function") {
    place.hidden = false;
    plain.hidden = true;
    editor = new window.Yasgui(place, {
      requestConfig: { endpoint: `${location.origin}/sparql`, method: "POST" },
      persistenceId: null,
      autofocus: false,
      copyEndpointOnNewTab: true,
      endpointCatalogueOptions: { getData: () => [] },
      yasqe: { value: first, autocompleters: [], persistenceId: null },
      yasr: { prefixes: { ckb: `${BASE}onto#`, id: `${BASE}id/`, vocab: `${BASE}vocab/` } },
    });
    editor.getTab().getYasqe().setValue(first);
    place.addEventListener("click", goLocal);
    place.dataset.ready = "true";
  } else if (asked) plain.querySelector("textarea").value = asked;
  if (asked) document.querySelector("#editor").scrollIntoView();
}

// What the rich editor links by IRI has its page on this server.
function goLocal(event) {
  const link = event.target.closest("a[href]");
  if (!link || !link.href.startsWith(BASE) || link.href.startsWith(`${BASE}graph/`)) return;
  event.preventDefault();
  location.assign(`/${link.href.slice(BASE.length)}`);
}

start();
