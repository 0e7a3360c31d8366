"""The pages in a real Chromium."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import lacking
from tests.server.live import Server

pytestmark = pytest.mark.browser
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage --disable-sync "
    "--disable-background-networking --disable-component-update"
)
VENDOR = Path(__file__).parent.parent.parent / "server" / "static" / "vendor"


@pytest.fixture(scope="module")
def browser(program: Callable[[str], Path]) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page; at its end nothing may have failed, been blocked, or been asked of another host."""
    context = browser.new_context(base_url=server.address, locale="en-US")
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    local = (server.address, "data:", "blob:")
    page.on("request", lambda asked: None if asked.url.startswith(local) else complaints.append(asked.url))
    yield page
    context.close()
    assert complaints == []


def test_the_home_page_shows_counts_questions_and_editor(page: Page) -> None:
    page.goto("/")
    expect(page.locator("h1")).to_contain_text("One graph for e-commerce")
    expect(page.locator(".totals dd").first).not_to_be_empty()
    expect(page.locator(".card").first).to_be_visible()
    assert page.evaluate("window.scrollY") == 0


def test_search_completes_what_is_typed_and_opens_the_entity(page: Page) -> None:
    page.goto("/")
    page.locator(".hero input[type=search]").press_sequentially("velvet")
    expect(page.locator(".offers li").first).to_contain_text("Velvet Lipstick")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/id/spu/velvet-lipstick")


def test_search_forgives_a_typing_error(page: Page) -> None:
    page.goto("/")
    page.locator(".hero input[type=search]").fill("velvt lipstik")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?q=*")
    page.locator(".hits a", has_text="Velvet Lipstick").first.click()
    expect(page.locator("h1")).to_contain_text("Velvet Lipstick")


def test_the_page_of_an_entity_leads_to_the_proof_of_what_was_inferred(page: Page) -> None:
    page.goto("/id/spu/velvet-lipstick")
    expect(page.locator("h1")).to_have_text("Velvet Lipstick")
    expect(page.locator(".other-name")).to_have_text("丝绒口红")
    expect(page.locator(".chart polyline")).to_be_visible()
    family = page.locator(".facts > div", has_text="of brand family")
    family.locator("li", has=page.get_by_role("link", name="Aurelle", exact=True)).locator(".why").click()
    expect(page.locator(".proof .rule").first).to_be_visible()
    expect(page.locator(".proof .asserted").first).to_contain_text("asserted")


def test_the_language_can_be_switched_and_stays(page: Page) -> None:
    page.goto("/id/spu/velvet-lipstick")
    page.locator(".top .language").click()
    expect(page.locator("h1")).to_have_text("丝绒口红")
    page.get_by_role("link", name="奥蕾工坊").first.click()
    expect(page.locator("h1")).to_have_text("奥蕾工坊")


def test_a_question_is_one_click_from_its_answer_with_names_instead_of_iris(page: Page) -> None:
    page.goto("/")
    card = page.locator("form[data-question=G01]")
    box = card.locator("input[data-complete]")
    box.fill("丝绒")
    card.locator(".offers li").first.click()
    card.get_by_role("button", name="Answer").click()
    expect(card.locator("table.rows tbody")).to_contain_text("06901234567892")
    card.get_by_role("link", name="Open in the editor").click()
    assert "06901234567892" in page.content()


def test_the_rich_editor_runs_a_query(page: Page) -> None:
    if not VENDOR.is_dir():
        lacking("the rich editor (npm ci && python -m server.assets)")
    page.goto("/")
    expect(page.locator("#yasgui .CodeMirror")).to_be_visible()
    page.evaluate(
        "document.querySelector('#yasgui .CodeMirror').CodeMirror.setValue('SELECT ?s { ?s a ckb:SPU }')"
    )
    page.locator("#yasgui .yasqe_queryButton").first.click()
    expect(page.locator("#yasgui .yasr table")).to_contain_text("velvet-lipstick")


def test_without_the_rich_editor_the_plain_one_works_and_says_so(page: Page) -> None:
    page.route(
        "**/static/vendor/yasgui.min.js", lambda route: route.fulfill(body="", content_type="text/javascript")
    )
    page.goto("/")
    editor = page.locator(".plain-editor")
    expect(editor).to_be_visible()
    editor.locator("textarea").fill("SELECT ?s { ?s a ckb:SPU }")
    editor.get_by_role("button", name="Run").click()
    expect(page.locator("table.rows tbody")).to_contain_text("Velvet Lipstick")


def test_a_small_screen_shows_everything_without_sideways_scrolling(browser: Browser, server: Server) -> None:
    context = browser.new_context(base_url=server.address, viewport={"width": 360, "height": 740})
    page = context.new_page()
    for path in ("/", "/id/spu/velvet-lipstick", "/onto/catalog", "/commits"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    context.close()


def test_an_address_with_a_token_signs_a_browser_in_for_reading(browser: Browser, server: Server) -> None:
    token = server.bearing("analyst", name="browser").headers["Authorization"].removeprefix("Bearer ")
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(f"{server.address}/")
    expect(page.locator("footer")).to_contain_text("Public graphs only")
    page.goto(f"http://local:{token}@127.0.0.1:{server.port}/sign-in")
    expect(page.locator("footer")).to_contain_text("Signed in as browser (analyst)")
    assert token not in page.url
    page.goto(f"{server.address}/id/buyer/abcdefghijklmnopqrstuvwxyz")
    expect(page.locator("footer")).to_contain_text("Signed in as browser")
    hits = page.evaluate("fetch('/sparql?query=ASK{?s a ckb:Buyer}').then(one => one.json())")
    assert hits["boolean"] is True
    context.close()


@pytest.mark.parametrize(
    ("scheme", "language", "label"), [("light", "en", "offered by"), ("dark", "zh", "报价方")]
)
def test_a_module_is_drawn_with_labels_that_can_be_read_and_followed(
    browser: Browser, server: Server, scheme: Literal["light", "dark"], language: str, label: str
) -> None:
    context = browser.new_context(base_url=server.address, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"/onto/trade?lang={language}")
    drawing = page.locator(".diagram svg")
    expect(drawing).to_be_visible()
    expect(drawing).to_have_accessible_name(re.compile("at a glance|概览"))
    assert drawing.locator(".box").count() > 10
    overlaps = page.evaluate("""() => {
      const all = [...document.querySelectorAll(".diagram text")].map(one => one.getBoundingClientRect());
      return all.filter((a, i) => all.some((b, j) => i < j && a.left < b.right && b.left < a.right
                                                  && a.top < b.bottom && b.top < a.bottom)).length }""")
    assert overlaps == 0
    contrast = page.evaluate("""() => {
      const light = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(n => (n / 255) ** 2.2);
                              return .2126 * r + .7152 * g + .0722 * b + .05; };
      const behind = light(getComputedStyle(document.querySelector(".diagram")).backgroundColor);
      return Math.min(...[...document.querySelectorAll(".diagram text")].map(one => {
        const ink = light(getComputedStyle(one).fill);
        return Math.max(ink, behind) / Math.min(ink, behind); })) }""")
    assert contrast > 4.5
    drawing.get_by_text(label, exact=True).click()
    page.wait_for_url("**/ontology/offeredBy*")
    context.close()
