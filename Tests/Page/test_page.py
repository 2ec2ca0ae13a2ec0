"""The page in a real browser: the one file of `explain --format html`, and the studio over its server.

    python Tests/Page/test_page.py          (make check-page; Debian's chromium, playwright and axe from PyPI)

What a page shows is held against `explain --json`; nothing is asked of any other machine.
"""

import json
import pathlib
import re
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build/release"
EXAMPLES = ROOT / "Examples"


def run(*words):
    done = subprocess.run([str(BUILD / "backprop"), *map(str, words)], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise AssertionError(f"backprop {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


class Networks:
    """Three networks: sigmoid and squared error, ReLU and softmax, three hidden layers on digits."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.mazur, self.iris, self.digits = (self.folder / f"{name}.safetensors" for name in ("mazur", "iris", "digits"))
        run("create", "--sizes", "2,2,2", "--activation", "sigmoid", "--loss", "squared-error", "--weights",
            EXAMPLES / "mazur.npz", "--precision", "double", "-o", self.mazur)
        run("train", EXAMPLES / "iris.csv", "--target", "species", "--recipe", "plain", "--hidden", "16", "--activation", "relu",
            "--quiet", "-o", self.iris)
        run("train", EXAMPLES / "digits.csv", "--target", "digit", "--recipe", "plain", "--hidden", "20,14,13", "--activation",
            "tanh", "--epochs", "3", "--quiet", "-o", self.digits)

    def each(self):
        yield "mazur", [self.mazur, EXAMPLES / "mazur.csv"], ["--target", "o1,o2"], 1
        yield "iris", [self.iris, EXAMPLES / "iris.csv"], [], 7
        yield "digits", [self.digits, EXAMPLES / "digits.csv"], [], 40


class Studio:
    """A server of our own, at a free port."""

    def __init__(self, *words):
        self.process = subprocess.Popen(
            [str(BUILD / "backprop"), "studio", *map(str, words), "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        if not found:
            raise AssertionError(f"no address: {line}{self.process.stderr.read()}")
        self.address, self.port = found.group(0), int(found.group(1))

    def get(self, path, headers=None):
        with urllib.request.urlopen(urllib.request.Request(self.address + path, headers=headers or {}), timeout=60) as answer:
            return json.loads(answer.read())

    def token(self):
        with urllib.request.urlopen(self.address) as answer:
            return re.search(r'studio-token" content="(\w+)"', answer.read().decode()).group(1)

    def post(self, path, body, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, method="POST",
                                         headers={"X-Studio-Token": self.token(), **(headers or {})})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        self.process.stdout.close()
        self.process.stderr.close()


def status_of(call):
    """The status of a refusal."""
    try:
        call()
    except urllib.error.HTTPError as error:
        return error.code
    return 200


class PageTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.networks = Networks(cls.scratch.name)
        cls.playwright = sync_playwright().start()
        cls.browser = cls.playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()
        cls.scratch.cleanup()

    def open(self, address, width=1280, height=900, **options):
        """A page that fails the test with the first word of a console, and with a request to elsewhere."""
        context = self.browser.new_context(viewport={"width": width, "height": height}, locale="en-US", **options)
        self.addCleanup(context.close)
        page = context.new_page()
        page.troubles = []
        own = re.match(r"\w+://[^/]*", address).group(0)
        page.on("console", lambda message: page.troubles.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("request", lambda request: page.troubles.append(f"asks {request.url}") if not request.url.startswith(own) else None)
        page.goto(address)
        page.wait_for_selector(".neuron, .charts figure")
        return page

    def until(self, page, condition):
        """Waits for a condition on the page. (Playwright's own way needs an eval, which the page forbids.)"""
        end = time.time() + 30
        while not page.evaluate(condition):
            if time.time() > end:
                raise AssertionError(f"never: {condition}")
            page.wait_for_timeout(50)

    def file(self, name, words, options, row):
        path = self.networks.folder / f"{name}.html"
        run("explain", *words, *options, "--example", row, "--format", "html", "-o", path)
        return path.as_uri()

    # What is shown is what the engine computed.

    def hold_numbers(self, page, document):
        """Every z, a, σ′, δ, gradient and update in the tables, to the last digit."""
        page.select_option("#phase", "update")
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        for layer in document["layers"]:
            number = layer["layer"]
            page.evaluate(f"location.hash = location.hash.replace(/&n=[^&]*/, '') + '&n={number}:1'")
            page.wait_for_selector(f"table[data-layer='{number}']", state="attached")
            rows = page.eval_on_selector_all(f"table[data-layer='{number}'] tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.textContent))")
            self.assertEqual(len(rows), len(layer["z"]))
            tensors = {tensor["role"]: tensor for tensor in layer["tensors"]}
            for j, cells in enumerate(rows):
                expected = [layer["z"][j], layer["a"][j], layer["derivative"][j] if layer["derivative"] else None, layer["delta"][j],
                            *(tensors["bias"][key][j] for key in ("values", "gradient", "update"))]
                for cell, value in zip(cells[1:], expected):
                    if value is None:
                        self.assertIn(cell, ("–", "undefined"))
                    else:
                        self.assertAlmostEqual(float(cell), value, delta=1e-12 * max(1e-30, abs(value)))
            weights = page.eval_on_selector_all(f"table[data-weights='{number}:0'] tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.textContent))")
            for k, cells in enumerate(weights):
                for cell, key in ((1, "values"), (3, "gradient"), (4, "update")):
                    value = tensors["weight"][key][0][k]
                    self.assertAlmostEqual(float(cells[cell]), value, delta=1e-12 * max(1e-30, abs(value)))

    def test_numbers_of_the_file(self):
        for name, words, options, row in self.networks.each():
            with self.subTest(name):
                document = json.loads(run("explain", *words, *options, "--example", row, "--json"))
                page = self.open(self.file(name, words, options, row))
                self.hold_numbers(page, document)
                self.assertEqual(page.troubles, [])

    def test_numbers_of_the_studio(self):
        for name, words, options, row in self.networks.each():
            with self.subTest(name):
                document = json.loads(run("explain", *words, *options, "--example", row, "--json"))
                studio = Studio(*words, *options)
                self.addCleanup(studio.close)
                page = self.open(f"{studio.address}#rows={row}")
                self.hold_numbers(page, document)
                self.assertEqual(page.troubles, [])

    def test_the_order_of_the_steps(self):
        page = self.open(self.file("digits", *list(self.networks.each())[2][1:]))
        walked = []
        while True:
            walked.append(page.input_value("#phase"))
            if page.is_disabled("[data-action=next]"):
                break
            page.click("[data-action=next]")
        self.assertEqual(walked, ["forward:2", "forward:3", "forward:4", "forward:5", "loss", "bp1", "bp2:4", "bp2:3", "bp2:2", "bp3", "bp4", "update"])
        page.click("[data-action=back]")
        self.assertEqual(page.input_value("#phase"), "bp4")

    def test_nothing_is_shown_before_it_is_computed(self):
        page = self.open(self.file("mazur", *list(self.networks.each())[0][1:]))
        page.select_option("#phase", "forward:2")
        self.assertEqual(page.get_attribute("[data-neuron='3:1']", "data-value"), None)
        page.select_option("#phase", "bp2:2")
        self.assertIsNotNone(page.get_attribute("[data-neuron='3:1']", "data-value"))

    def test_the_experiment_is_the_engine(self):
        """C with another bias, by the engine, is what the slider shows."""
        import numpy
        name, words, options, row = next(iter(self.networks.each()))
        page = self.open(self.file(name, words, options, row) + "#p=bp2:2&n=2:1")
        page.wait_for_selector(".experiment input")
        page.eval_on_selector(".experiment input", "e => { e.value = 12; e.dispatchEvent(new Event('input')); }")
        shown = {role: float(page.get_attribute(f".experiment [data-role={role}] dd", "data-value")) for role in ("change", "measured")}
        arrays = dict(numpy.load(EXAMPLES / "mazur.npz"))
        before = json.loads(run("explain", *words, *options, "--json"))["loss"]
        arrays["layers.0.bias"] = arrays["layers.0.bias"].astype(float)
        arrays["layers.0.bias"][0] += shown["change"]
        weights, model = self.networks.folder / "moved.npz", self.networks.folder / "moved.safetensors"
        numpy.savez(weights, **arrays)
        run("create", "--sizes", "2,2,2", "--activation", "sigmoid", "--loss", "squared-error", "--weights", weights, "--precision", "double", "-o", model)
        after = json.loads(run("explain", model, *words[1:], *options, "--json"))["loss"]
        self.assertAlmostEqual(shown["measured"], after - before, delta=1e-14)

    def test_all_paths_add_up_to_bp4(self):
        page = self.open(self.file("mazur", *list(self.networks.each())[0][1:]) + "#p=bp4&w=2:1,2")
        cells = page.eval_on_selector_all(".paths tbody tr td", "cells => cells.map(c => Number(c.textContent.replace('−', '-')))")
        self.assertAlmostEqual(cells[-1], cells[-2], delta=1e-6 * abs(cells[-1]))
        self.assertAlmostEqual(sum(cells[:2]), cells[-1], delta=1e-5 * abs(cells[-1]))

    # Keys, languages, sizes.

    def test_by_keys_alone(self):
        page = self.open(self.file("mazur", *list(self.networks.each())[0][1:]))
        page.focus("svg.network")
        page.keyboard.press("n")
        self.assertEqual(page.input_value("#phase"), "forward:3")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowDown")
        self.assertIn("n=2:2", page.url)
        self.assertEqual(page.get_attribute("svg.network", "aria-activedescendant"), "neuron-2-1")
        for _ in range(4):
            page.keyboard.press("n")
        self.assertEqual(page.input_value("#phase"), "bp3")
        page.keyboard.press("Enter")
        self.assertEqual(page.evaluate("document.activeElement.className"), "equation")
        page.keyboard.press("p")
        self.assertEqual(page.input_value("#phase"), "bp2:2")
        self.assertIn("plus", page.text_content(".chosen-name"))

    def test_both_languages_keep_the_state(self):
        page = self.open(self.file("iris", *list(self.networks.each())[1][1:]) + "#p=bp2:2&n=2:3")
        english = page.text_content(".live")
        page.click("[data-action=language]")
        self.assertNotEqual(page.text_content(".live"), english)
        self.assertEqual(page.get_attribute("html", "lang"), "ko")
        self.assertEqual(page.input_value("#phase"), "bp2:2")
        self.assertIn("n=2:3", page.url)
        self.assertNotRegex(page.text_content("main"), r"\{\d\}")
        page.click("[data-action=language]")
        self.assertEqual(page.text_content(".live"), english)

    def test_a_link_restores_what_was_seen(self):
        page = self.open(self.file("iris", *list(self.networks.each())[1][1:]) + "#p=bp2:2&n=2:5&c=z&lang=ko&theme=dark")
        self.assertEqual((page.input_value("#phase"), page.input_value("#colour")), ("bp2:2", "z"))
        self.assertEqual(page.get_attribute("html", "data-theme"), "dark")
        self.assertIn("2층 뉴런 5", page.text_content(".chosen-name"))

    def test_narrow(self):
        page = self.open(self.file("iris", *list(self.networks.each())[1][1:]) + "#p=bp2:2", width=320, height=700)
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 320)

    def test_axe(self):
        studio = Studio(self.networks.iris, EXAMPLES / "iris.csv")
        self.addCleanup(studio.close)
        for theme in ("light", "dark"):
            page = self.open(f"{studio.address}#p=bp2:2&theme={theme}")
            for view in ("step", "train", "check", "whatif"):
                page.click(f"[data-view={view}]")
                page.wait_for_timeout(500)
                found = Axe().run(page).response["violations"]
                serious = [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] in ("serious", "critical")]
                self.assertEqual(serious, [], f"{view} {theme}")

    # The studio's run.

    def test_train_pause_rewind(self):
        studio = Studio(self.networks.iris, EXAMPLES / "iris.csv")
        self.addCleanup(studio.close)
        start = studio.get("api/step?rows=5")["trace"]
        page = self.open(f"{studio.address}#view=step")
        page.click("[data-view=train]")
        page.click("[data-run=step]")
        self.until(page, "document.querySelector('[data-view-of=train] .live').textContent.includes('step 1')")
        page.click("[data-run=epoch]")
        self.until(page, "document.querySelector('[data-view-of=train] .live').textContent.includes('epoch 1')")
        self.assertNotEqual(studio.get("api/step?rows=5")["trace"]["layers"], start["layers"])
        page.click("[data-run=start]")
        self.until(page, "[...document.querySelectorAll('#back option')].length > 5")
        page.click("[data-run=rewind]")
        self.until(page, "document.querySelector('[data-view-of=train] .live').textContent.includes('epoch 0, step 0')")
        self.assertEqual(studio.get("api/step?rows=5")["trace"], start)
        self.assertEqual(page.troubles, [])
        # A reloaded page is told of the whole run, and of nothing twice.
        studio.post("api/run", {"action": "epoch"})
        self.until(page, "document.querySelector('[data-view-of=train] .live').textContent.includes('epoch 1')")
        page.reload()
        page.wait_for_selector(".charts figure")
        page.wait_for_timeout(700)
        self.assertEqual(page.eval_on_selector_all(".charts figure:first-child tbody tr", "rows => rows.length"), 1)

    def test_two_tabs_and_a_server_that_comes_back(self):
        studio = Studio()
        self.addCleanup(studio.close)
        one, other = self.open(f"{studio.address}#view=train"), self.open(f"{studio.address}#view=train")
        one.click("[data-run=epoch]")
        for page in (one, other):
            self.until(page, "document.querySelector('[data-view-of=train] .live').textContent.includes('epoch 1')")
        # What a tab missed comes with the number of the last event that it knows.
        known = self.events(studio, 0)
        last = known[-1][0]
        studio.post("api/run", {"action": "epoch"})
        time.sleep(1)
        later = self.events(studio, last)
        self.assertTrue(later and all(number > last for number, _ in later), later)
        self.assertIn('"epoch":2', "".join(text for _, text in later))

    def events(self, studio, last):
        """What the stream says at once after an event, as (number, text)."""
        connection = socket.create_connection(("127.0.0.1", studio.port), timeout=3)
        connection.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\nLast-Event-ID: {last}\r\n\r\n".encode())
        text = b""
        try:
            end = time.time() + 1.5
            while time.time() < end:
                connection.settimeout(max(0.05, end - time.time()))
                text += connection.recv(65536)
        except TimeoutError:
            pass
        connection.close()
        return [(int(number), data) for number, data in re.findall(r"id: (\d+)\s+data: (.*)", text.decode())]

    def test_closed_tabs_leave_room(self):
        studio = Studio()
        self.addCleanup(studio.close)
        page = self.open(f"{studio.address}#view=train")
        for _ in range(6):
            page.reload()
            page.wait_for_selector(".charts figure")
        page.wait_for_timeout(500)
        studio.post("api/run", {"action": "epoch"})
        self.until(page, "document.querySelector('[data-view-of=train] .live').textContent.includes('epoch 1')")
        # So does another network in the place of this one.
        studio.post("api/network", {"dataset": "xor", "configuration": {}})
        studio.post("api/run", {"action": "step"})
        self.until(page, "document.querySelector('[data-view-of=train] .live').textContent.includes('step 1')")

    def test_equations_of_kinds(self):
        """What stands written out multiplies to what it says: maxout, a normalised and a parametric layer."""
        kinds = {"maxout": ["--activation", "maxout:3"], "norm": ["--norm", "layer"], "parametric": ["--parametric", "--activation", "tanh"]}
        for name, options in kinds.items():
            with self.subTest(name):
                model = self.networks.folder / f"{name}.safetensors"
                run("train", EXAMPLES / "iris.csv", "--target", "species", "--recipe", "plain", "--hidden", "5,4", "--epochs", "4", "--quiet", *options, "-o", model)
                page = self.open(self.file(name, [model, EXAMPLES / "iris.csv"], [], 60) + "#p=bp2:2&n=2:2")
                rows = page.eval_on_selector_all(".equation mtr", "rows => rows.map(r => [...r.querySelectorAll('mn[data-value]')].map(n => Number(n.dataset.value)))")
                numbers = [row for row in rows if row]
                delta = numbers[-1][-1]
                if len(numbers) > 1:
                    *terms, factor = numbers[-2]
                    self.assertAlmostEqual(sum(a * b for a, b in zip(terms[::2], terms[1::2])) * factor, delta, delta=1e-5 * max(abs(delta), 1e-3))
                else:
                    self.assertNotEqual(name, "maxout")
                measured = page.wait_for_selector(".experiment [data-role=measured] dd")
                change = float(page.get_attribute(".experiment [data-role=change] dd", "data-value"))
                predicted = float(page.get_attribute(".experiment [data-role=predicted] dd", "data-value"))
                self.assertAlmostEqual(predicted, delta * change, delta=1e-9)
                self.assertAlmostEqual(float(measured.get_attribute("data-value")), predicted, delta=2e-4)
                self.assertEqual(page.troubles, [])

    def test_a_weight_by_hand(self):
        studio = Studio(self.networks.mazur, EXAMPLES / "mazur.csv", "--target", "o1,o2")
        self.addCleanup(studio.close)
        page = self.open(f"{studio.address}#p=update&w=3:1,1")
        page.fill("#weight-value", "2")
        page.click(".edit button[type=submit]")
        self.until(page, "document.querySelector('.subject').textContent.includes('C = 0.3') || document.querySelector('.subject').textContent.includes('C = 0.4')")
        self.assertEqual(studio.get("api/step?rows=1")["trace"]["layers"][1]["tensors"][0]["values"][0][0], 2)
        page.click(".edit button[type=button]")
        page.wait_for_timeout(500)
        self.assertAlmostEqual(studio.get("api/step?rows=1")["trace"]["layers"][1]["tensors"][0]["values"][0][0], 0.4)

    def test_data_that_is_dropped_and_a_network_that_is_made(self):
        studio = Studio()
        self.addCleanup(studio.close)
        rows = "a,b,kind\n" + "".join(f"{i % 7},{i % 5}.5,{'yes' if i % 2 else 'no'}\n" for i in range(60))
        state = studio.post("api/data?name=mine.csv&target=kind", rows.encode())
        self.assertEqual((state["data"], state["rows"], state["labels"]), ("mine.csv", 60, ["no", "yes"]))
        state = studio.post("api/network", {"dataset": "spiral", "configuration": {"network": {"hidden": [5, 4], "activation": ["tanh"]}, "updates": {"optimizer": "sgd", "learningRate": 0.1}}})
        self.assertEqual((state["data"], state["sizes"]), ("spiral", [2, 5, 4, 2]))

    def test_a_run_that_diverges_says_where(self):
        studio = Studio()
        self.addCleanup(studio.close)
        studio.post("api/network", {"dataset": "moons", "configuration": {"network": {"hidden": [8], "activation": ["relu"], "loss": "squared-error", "outputActivation": "identity"}, "data": {"task": "classification"}, "updates": {"optimizer": "sgd", "learningRate": 1e30}}})
        page = self.open(f"{studio.address}#view=train")
        page.click("[data-run=start]")
        self.until(page, "document.querySelector('[data-view-of=train] [role=alert]').textContent.length > 10")
        self.assertRegex(page.text_content("[data-view-of=train] [role=alert]"), r"step|layer")

    # Hostile requests.

    def test_others_are_refused(self):
        studio = Studio()
        self.addCleanup(studio.close)
        studio.post("api/run", {"action": "epoch"})
        host = {"Host": "evil.example"}
        self.assertEqual(status_of(lambda: studio.get("api/state", host)), 403)
        self.assertEqual(status_of(lambda: studio.post("api/run", {"action": "start"}, {"Origin": "http://evil.example"})), 403)
        request = urllib.request.Request(studio.address + "api/run", data=b"{}", method="POST")
        self.assertEqual(status_of(lambda: urllib.request.urlopen(request)), 401)
        connection = socket.create_connection(("127.0.0.1", studio.port))
        connection.sendall(f"POST /api/data HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\nX-Studio-Token: {studio.token()}\r\nContent-Length: 10000000000\r\n\r\n".encode())
        connection.settimeout(10)
        self.assertIn(b" 413 ", connection.recv(200))
        connection.close()
        for body in (b"not json", b'{"action":"format"}', b'{"action":"back","epoch":99}', b'{"action":"rate","rate":-1}'):
            self.assertEqual(status_of(lambda: studio.post("api/run", body)), 400)
        for body in (b"", b"\x00\x01\x02", b"a,b\n1\n2,3,4,5\n"):
            self.assertEqual(status_of(lambda: studio.post("api/data?name=x.csv", body)), 400)
        for query in ("nudges?layer=-9223372036854775808&neuron=1", "nudges?layer=2&neuron=-9223372036854775808", "nudges?layer=99999999999999999999",
                      "boundary?x=-1&y=0", "boundary?x=9223372036854775807&y=0", "step?rows=0", "step?rows=x", "check?mutant=no", "whatif?question="):
            self.assertIn(status_of(lambda: studio.get(f"api/{query}")), (200, 400), query)
        self.assertEqual(status_of(lambda: studio.post("api/weight", {"layer": -9223372036854775808, "to": 1, "from": 1, "value": 1})), 400)
        self.assertEqual(status_of(lambda: studio.get("api/state", {"Sec-Fetch-Site": "cross-site"})), 403)
        slow = [socket.create_connection(("127.0.0.1", studio.port)) for _ in range(30)]
        for each in slow:
            each.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        self.assertEqual(studio.get("api/state")["run"]["epoch"], 1)
        for each in slow:
            each.close()
        time.sleep(0.3)
        streams = []
        for _ in range(5):
            each = socket.create_connection(("127.0.0.1", studio.port), timeout=5)
            each.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\n\r\n".encode())
            streams.append((each, each.recv(64)))
        self.assertEqual([head.split(b" ")[1] for _, head in streams], [b"200"] * 4 + [b"503"])
        for each, _ in streams:
            each.close()
        self.assertEqual(studio.post("api/run", {"action": "epoch"})["run"]["status"], "running")

    def test_the_servers_page_has_no_inline_script(self):
        studio = Studio()
        self.addCleanup(studio.close)
        with urllib.request.urlopen(studio.address) as answer:
            text, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'self'", policy)
        self.assertNotRegex(text, r"<script(?![^>]*src=)|style=|onclick=")


if __name__ == "__main__":
    unittest.main(verbosity=2)
