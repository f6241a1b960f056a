"""Tries warren dashboard as an operator does, in a headless Chromium. Tests/Dashboard/run.sh starts it, with a broker."""

import base64
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from webdriver import Browser

WARREN = os.environ["WARREN"]
MANAGEMENT = os.environ["RABBITMQ_MANAGEMENT"].split("/#")[0]
ENVIRONMENT = {**os.environ, "WARREN_MANAGEMENT": MANAGEMENT, "WARREN_NAMESPACE": "shop", "COLUMNS": ""}
HOSTILE = "<img src=x onerror=\"document.title='taken'\">\u202e"
# Without the direction mark, which is shown as a question mark.
SEEN = HOSTILE[:-1] + "?"


class Scene:
    """Agents, requests and a parked letter on the broker. Everything that it started ends with it."""

    def __init__(self):
        self.started = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            process.terminate()
        for process in self.started:
            process.wait(timeout=30)

    def start(self, *arguments, **environment):
        """Starts the tool, and returns its first line."""
        process = self.begin(*arguments, **environment)
        line = process.stdout.readline().strip()
        assert line, f"warren {' '.join(arguments)} told nothing"
        return line

    def begin(self, *arguments, **environment):
        process = subprocess.Popen([WARREN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   env={**ENVIRONMENT, **environment})
        self.started.append(process)
        return process

    def run(self, *arguments):
        done = subprocess.run([WARREN, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def park(self, agent, message, body):
        """Publishes a message without a sender, which its receiver parks."""
        url = f"{MANAGEMENT}/api/exchanges/%2F/warren.shop.mailboxes/publish"
        properties = {"message_id": message, "type": "order", "content_type": "application/json"}
        content = {"properties": properties, "routing_key": f"agent.{agent}", "payload": body, "payload_encoding": "string"}
        login = base64.b64encode(b"guest:guest").decode()
        request = urllib.request.Request(url, json.dumps(content).encode(), {"Authorization": f"Basic {login}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer)["routed"], "the letter has no mailbox"


def fill(scene, hostile):
    """Starts the agents, and returns their ids by name."""
    names = {"packer-1": "sleeper", "till-1": "counter", hostile: "echo"}
    ids = {name: scene.start("agent", kind, "--name", name) for name, kind in names.items()}
    ids["packers"] = scene.start("agent", "sleeper", "--name", "packers", "--group", "--keep-failures", "1h")
    ids["bank"] = scene.run("register", "bank", "--type", "Bank")
    scene.begin("call", "packer-1", "sleep", "600", "--deadline", "5m")
    scene.begin("call", "bank", "transfer", "--deadline", "5m")
    # It fails, and is kept.
    scene.begin("call", "packers", "fail", '"<b>broken</b>"').wait(timeout=60)
    scene.park(ids["till-1"], "<b>order</b>-17", '{"amount": 5, "note": "<script>document.title=1</script>"}')
    return ids


def dashboard(scene, *arguments):
    """Starts a dashboard, and returns the address of its page and its token."""
    url = scene.start("dashboard", "--listen", "127.0.0.1:0", *arguments)
    return url.split("#token=")


def ask(address, path, token=None, body=None, **headers):
    """Asks the server as no browser does. Returns the status."""
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(address + path, data, {key.replace("_", "-"): value for key, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def names(browser):
    return browser.run("return [...document.querySelectorAll('#agents tbody tr')].map((row) => row.cells[0].innerText)")


def test_page(browser, address, token):
    browser.open(f"{address}#token={token}")
    browser.wait_for_text("#live", "live")
    browser.wait_for_text("#agents tbody", "bank")
    # The token is in no address, and so in no history.
    assert token not in browser.run("return location.href")
    assert len(names(browser)) == 5, names(browser)
    # A name is text, whatever it has in it.
    assert SEEN in " ".join(names(browser)), names(browser)
    assert browser.run("return document.querySelectorAll('main img, main b, main script').length") == 0
    assert browser.run("return document.title") == "warren shop"
    try:
        browser.run("document.body.innerHTML = '<p>x</p>'")
        raise AssertionError("the page takes text as markup")
    except RuntimeError as error:
        assert "TrustedHTML" in str(error), error
    assert all("TrustedHTML" in message for message in browser.errors())
    # What the plugin tells is some seconds late.
    browser.wait("the row that is not served", "return document.querySelector('#agents tbody')?.innerText.includes('not served')")


def test_keyboard(browser):
    browser.press("/", *"BAN")
    browser.wait("the search", "return document.querySelectorAll('#agents tbody tr').length === 1")
    assert names(browser)[0].startswith("bank"), names(browser)
    browser.press("escape")
    browser.wait("all agents", "return document.querySelectorAll('#agents tbody tr').length === 5")
    browser.run("document.activeElement.blur(); location.hash = '#/agents?rows=2&order=name'")
    browser.wait_for_text("#place", "page 1 of 3")
    first = names(browser)
    browser.press("n")
    browser.wait_for_text("#place", "page 2 of 3")
    assert not set(first) & set(names(browser)), (first, names(browser))
    browser.press("p")
    browser.wait_for_text("#place", "page 1 of 3")
    browser.run("document.querySelector('[data-order=name]').focus()")
    browser.press("enter")
    browser.wait("the order", "return document.querySelector('th[aria-sort=descending] [data-order=name]') !== null")
    # The button that was pressed has the focus still, in the new head.
    assert browser.run("return document.activeElement.dataset.order") == "name"
    browser.run("document.querySelector('#agents tbody a').focus()")
    browser.press("enter")
    browser.wait("an agent", "return location.hash.startsWith('#/agents/')")
    browser.press("1")
    browser.wait("the list", "return location.hash === '#/agents'")


def test_live(browser, scene):
    browser.wait("the list", "return document.querySelectorAll('#agents tbody tr').length === 5")
    # The focus stays in its row, while rows come.
    browser.run("[...document.querySelectorAll('#agents tbody a')].find((link) => link.innerText === 'bank').focus()")
    scene.run("register", "late", "--type", "Shop")
    browser.wait_for_text("#agents tbody", "late")
    assert browser.run("return document.activeElement.innerText") == "bank"


def test_request(browser, ids):
    browser.run(f"location.hash = '#/agents/{ids['packer-1']}'")
    browser.wait_for_text("#agent", "Running: 1")
    browser.wait_for_text("#agent table", "sleep")
    assert "user:warren" in browser.text("#agent"), browser.text("#agent")
    browser.click("#agent td.tag a")
    browser.wait_for_text("#places", "running")
    assert browser.text("#places").count(ids["packer-1"]) == 1, browser.text("#places")
    assert "sleep for user:warren, attempt 1" in browser.text("#places"), browser.text("#places")
    browser.wait_for_text("#places", "agents answered")
    browser.run(f"location.hash = '#/agents/{ids['packers']}'")
    browser.wait_for_text("#agent", "Members")
    assert "group" in browser.text("#agent h2")


def test_failed(browser, scene, ids):
    """The list has neither arguments nor the texts of errors; one request has both, as text."""
    browser.wait_for_text("#failed tbody", ids["packers"])
    assert "Warren.Failed" in browser.text("#failed tbody"), browser.text("#failed tbody")
    assert "broken" not in browser.text("#failed")
    rows = "return document.querySelectorAll('#failed tbody tr').length"
    assert browser.run(rows) == 1
    browser.click("#failed .answers button")
    browser.wait("the question", "return document.querySelector('#question').open && document.querySelector('#target').offsetParent === null")
    browser.press("tab", "enter")
    browser.wait_for_text("#notice", "1 sent again")
    # It fails again, and is kept again.
    end = time.monotonic() + 30
    while len(scene.run("failed", "list").splitlines()) != 3:
        assert time.monotonic() < end, "it was not kept again"
    browser.click("#again")
    browser.wait("the second", f"{rows} === 2")
    browser.click("#failed tbody td button.id")
    browser.wait_for_text("#failed pre", "<b>broken</b>")
    assert browser.run("return document.querySelectorAll('#failed b').length") == 0
    browser.click("#failed button.danger")
    browser.press("tab", "enter")
    browser.wait_for_text("#notice", "1 dropped")
    browser.wait("the list", f"{rows} === 1")


def test_actions(browser, scene, ids):
    browser.press("3")
    browser.wait_for_text("#parked", "<b>order</b>-17")
    browser.click("#parked tbody td button")
    browser.wait_for_text("#parked pre", "<script>document.title=1</script>")
    assert browser.run("return document.querySelectorAll('#parked b, #parked script').length") == 0
    browser.click("#parked button.danger")
    assert browser.run("return document.querySelector('#question').open && document.activeElement.id") == "cancel"
    browser.press("tab", "enter")
    browser.wait_for_text("#notice", "1 dropped")
    test_failed(browser, scene, ids)
    browser.run(f"location.hash = '#/agents/{ids[HOSTILE]}'")
    browser.wait_for_text("#agent h2", SEEN)
    browser.run("document.querySelector('#terminate').focus()")
    # A live view does not take the focus away, and escape is no.
    browser.press("enter")
    browser.wait("the question", "return document.querySelector('#question').open")
    assert SEEN in browser.text("#question-text"), browser.text("#question-text")
    browser.press("escape")
    browser.wait("no question", "return !document.querySelector('#question').open")
    assert ids[HOSTILE] in scene.run("agents")
    browser.click("#terminate")
    browser.press("tab", "enter")
    browser.wait_for_text("#notice", f"{SEEN}: terminated")
    browser.wait("its end", "return document.querySelectorAll('#agents tbody tr').length === 5")
    assert ids[HOSTILE] not in scene.run("agents")
    browser.run(f"location.hash = '#/agents/{ids[HOSTILE]}'")
    browser.wait_for_text("#live", "is registered")
    browser.press("1")
    browser.wait_for_text("#live", "live")


def test_read_only(browser, scene, ids):
    address, token = dashboard(scene)
    browser.open(address)
    # Without the token there is a question for it, and nothing else.
    browser.wait("the login", "return document.activeElement.id === 'token'")
    assert browser.run("return document.querySelectorAll('#agents tbody tr').length") == 0
    browser.press(*"wrong-token-of-some-length", "enter")
    browser.wait_for_text("#notice", "the token is wrong or missing")
    browser.errors()
    browser.press(*token, "enter")
    browser.wait_for_text("#agents tbody", "bank")
    assert browser.text("#mode") == "read-only"
    browser.run(f"location.hash = '#/agents/{ids['till-1']}'")
    browser.wait_for_text("#agent", "Running: 0")
    assert browser.run("return document.querySelector('#terminate') === null")
    assert ask(address, "api/agents/terminate", token, {"id": ids["till-1"]}) == 403
    assert ask(address, "api/failed/replay", token, {"id": "x"}) == 403
    assert ask(address, "api/totals", token) == 200
    assert ask(address, "api/totals") == 401
    assert ask(address, "api/totals", token, Host="evil.example") == 403
    assert ask(address, "api/totals", token, Origin="http://evil.example") == 403
    assert ask(address, "api/totals", token, Sec_Fetch_Site="cross-site") == 403


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """A page of another origin, in the same browser."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>elsewhere</title>")

    def log_message(self, *_):
        pass


def test_elsewhere(browser, address, token):
    """Another page can neither read nor act nor frame, and no other name leads to the page."""
    # Chromium opens connections that it may not use: each has a thread.
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        browser.open(f"http://127.0.0.1:{server.server_port}/")
        attempt = """
            const [url, token, done] = arguments;
            const ask = (options) => fetch(url, options).then((answer) => answer.type, () => "refused");
            Promise.all([
                ask({}), ask({ headers: { Authorization: `Bearer ${token}` } }),
                ask({ method: "POST", headers: { Authorization: `Bearer ${token}` }, body: "{}" }),
            ]).then(done);"""
        assert browser.run_async(attempt, f"{address}api/totals", token) == ["refused"] * 3
        frame = """
            const [url, done] = arguments;
            const frame = document.createElement("iframe");
            frame.onload = () => {
                try { done(frame.contentDocument === null ? "blocked" : "own"); } catch (error) { done("blocked"); }
            };
            frame.src = url;
            document.body.append(frame);"""
        browser.run_async(frame, address)
        assert any("frame-ancestors" in message or "X-Frame-Options" in message for message in browser.errors())
        port = urllib.parse.urlparse(address).port
        browser.open(f"http://evil.example:{port}/")
        assert "the dashboard has another name" in browser.run("return document.body.innerText")
        browser.errors()
    finally:
        server.shutdown()


def take_screenshots(browser, address, token, ids, folder):
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.open(f"{address}#token={token}")
        browser.wait_for_text("#agents tbody", "not served")
        browser.screenshot(f"{folder}/dashboard-{scheme}.png")
    browser.run(f"location.hash = '#/agents/{ids['packer-1']}'")
    browser.wait_for_text("#agent", "Running: 1")
    browser.screenshot(f"{folder}/dashboard-agent.png")


def main():
    start = time.monotonic()
    step = lambda text: print(f"{time.monotonic() - start:5.1f} s  {text}", flush=True)
    folder = sys.argv[2] if sys.argv[1:2] == ["--screenshots"] else None
    with Scene() as scene:
        ids = fill(scene, "echo-1" if folder else HOSTILE)
        step("agents")
        address, token = dashboard(scene, "--allow-actions")
        browser = Browser("--host-resolver-rules=MAP evil.example 127.0.0.1")
        try:
            step("browser")
            if folder:
                take_screenshots(browser, address, token, ids, folder)
                return step("screenshots")
            test_page(browser, address, token)
            step("the page, with hostile names")
            test_keyboard(browser)
            step("search, pages, order and links by keyboard")
            test_live(browser, scene)
            step("live views")
            test_request(browser, ids)
            step("a running request and its way")
            test_actions(browser, scene, ids)
            step("actions with their question")
            colors = []
            for scheme in ("light", "dark"):
                browser.scheme(scheme)
                colors.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
            assert colors[0] != colors[1], colors
            assert browser.errors() == [], "the console has errors"
            step("light and dark, and no error")
            test_read_only(browser, scene, ids)
            step("read-only, and the token")
            test_elsewhere(browser, address, token)
            step("other pages and names")
        finally:
            browser.close()
    print("Tests/Dashboard: passed")


main()
