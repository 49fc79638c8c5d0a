//! A real headless Chromium with its driver, as Debian packages them (`deploy/dev/services packages chromium
//! chromium-driver`). Dropped, both are ended. Without them every test that wants one fails and says so.

use std::{
    fs::{self, File},
    io::Write,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{poll, secs};

/// How a page is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// With the dark colours.
    pub dark: bool,
    /// On a phone: 390 pixels wide.
    pub phone: bool,
}

impl Look {
    /// Every way.
    pub const ALL: [Self; 4] = [
        Self::new(false, false),
        Self::new(true, false),
        Self::new(false, true),
        Self::new(true, true),
    ];

    const fn new(dark: bool, phone: bool) -> Self {
        Self { dark, phone }
    }

    /// Gives a name for files.
    pub fn name(self) -> String {
        let width = if self.phone { "phone" } else { "desktop" };
        let colours = if self.dark { "dark" } else { "light" };
        format!("{width}-{colours}")
    }
}

/// A browser with one page.
pub struct Browser {
    client: Client,
    /// The session's own URL, for what WebDriver has no word for.
    session: String,
    driver: Driver,
}

/// The driver, and the browsers in its process group.
struct Driver {
    child: Child,
    port: u16,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser whose files are in a folder.
    ///
    /// # Panics
    /// When there is none, or it does not start.
    pub async fn start(folder: &Path) -> Self {
        let driver = start_driver(folder).await;
        let url = format!("http://127.0.0.1:{}", driver.port);
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = ClientBuilder::new(connector)
            .capabilities(capabilities())
            .connect(&url)
            .await
            .unwrap_or_else(|error| panic!("chromium does not start: {error}"));
        let id = client.session_id().await.unwrap().expect("a session");
        Self {
            client,
            session: format!("{url}/session/{id}"),
            driver,
        }
    }

    /// Loads a page.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Gives the path and query of the page that is shown.
    pub async fn place(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        }
    }

    /// Finds an element.
    ///
    /// # Panics
    /// When it does not come within the time.
    pub async fn find(&self, css: &str) -> Element {
        poll(css, secs(20), async || {
            self.client.find(Locator::Css(css)).await.ok()
        })
        .await
    }

    /// Says whether there is such an element.
    pub async fn has(&self, css: &str) -> bool {
        self.client.find(Locator::Css(css)).await.is_ok()
    }

    /// Gives the text of an element, as it is shown.
    pub async fn text(&self, css: &str) -> String {
        // The page may replace the element between the two steps.
        poll(css, secs(20), async || self.try_text(css).await).await
    }

    async fn try_text(&self, css: &str) -> Option<String> {
        self.client
            .find(Locator::Css(css))
            .await
            .ok()?
            .text()
            .await
            .ok()
    }

    /// Waits until an element shows a text.
    ///
    /// # Panics
    /// When it does not within the time; tells what it showed.
    pub async fn shows(&self, css: &str, text: &str) {
        let mut last = String::new();
        for _ in 0..1_500 {
            last = self.try_text(css).await.unwrap_or_default();
            if last.contains(text) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{css} does not show {text:?}: {last}");
    }

    /// Clicks a link or button by its words, and waits for the page that follows.
    pub async fn click(&self, words: &str) {
        let path =
            format!("//a[normalize-space()='{words}'] | //button[normalize-space()='{words}']");
        let before = self.mark().await;
        poll(words, secs(20), async || {
            let element = self.client.find(Locator::XPath(&path)).await.ok()?;
            element.click().await.ok()
        })
        .await;
        self.loaded(&before).await;
    }

    /// Marks the page that is shown, so that another one can be told from it.
    pub async fn mark(&self) -> String {
        let mark = rand::random::<u64>().to_string();
        self.script("window.mark = arguments[0]", vec![json!(mark)])
            .await;
        mark
    }

    /// Waits until another page than the marked one is loaded.
    pub async fn loaded(&self, before: &str) {
        poll("the next page", secs(20), async || {
            let script =
                "return document.readyState === 'complete' && window.mark !== arguments[0]";
            let answer = self.client.execute(script, vec![json!(before)]).await;
            (answer.ok()? == true).then_some(())
        })
        .await;
    }

    /// Types into what has the focus.
    pub async fn keys(&self, keys: &str) {
        let element = self.client.active_element().await.unwrap();
        element.send_keys(keys).await.unwrap();
    }

    /// Runs a script in the page.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }

    /// Runs a script in the page that ends later: it calls its last argument.
    pub async fn script_async(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute_async(script, arguments).await.unwrap()
    }

    /// Sets width and colours.
    pub async fn look(&self, look: Look) {
        let (width, height) = if look.phone { (390, 844) } else { (1280, 900) };
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": look.phone});
        self.tools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.tools("Emulation.setEmulatedMedia", features).await;
    }

    /// Turns scripts of pages off.
    pub async fn without_scripts(&self) {
        let off = json!({"value": true});
        self.tools("Emulation.setScriptExecutionDisabled", off)
            .await;
    }

    /// Keeps a picture of the whole page as `operator-page/NAME.png` in the target folder.
    pub async fn picture(&self, name: &str) {
        let asked = json!({"format": "png", "captureBeyondViewport": true});
        let answer = self.tools("Page.captureScreenshot", asked).await;
        let data = answer["data"].as_str().expect("a picture");
        let folder = pictures();
        fs::create_dir_all(&folder).expect("a folder can be made");
        let picture = BASE64_STANDARD.decode(data).expect("base64");
        fs::write(folder.join(format!("{name}.png")), picture).expect("a picture can be written");
    }

    /// Takes what the console has said since the last call: errors, warnings, what a policy stopped.
    pub async fn console(&self) -> Vec<String> {
        let answer = self.post("se/log", json!({"type": "browser"})).await;
        let lines = answer.as_array().expect("a list of lines");
        lines
            .iter()
            .map(|line| line["message"].to_string())
            .collect()
    }

    /// Gives the cookies of the page's host, with what scripts cannot see of them.
    pub async fn cookies(&self) -> Vec<Value> {
        let answer = self.tools("Network.getAllCookies", json!({})).await;
        answer["cookies"].as_array().expect("a list").clone()
    }

    async fn tools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.post("goog/cdp/execute", body).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/{path}", self.session);
        let reply = reqwest::Client::new().post(url).json(&body).send().await;
        let mut answer: Value = reply.unwrap().json().await.unwrap();
        assert!(answer["value"]["error"].is_null(), "{path}: {answer}");
        answer["value"].take()
    }

    /// Ends the browser in order.
    pub async fn end(self) {
        self.client.close().await.unwrap();
        drop(self.driver);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browsers are in process groups of their own: only the driver knows them all.
        if self.shut_down().is_err() {
            eprintln!("chromedriver does not end by itself: a browser may be left");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Driver {
    fn shut_down(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(secs(10)))?;
        stream
            .write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        // It answers when every browser has ended.
        std::io::copy(&mut stream, &mut std::io::sink())?;
        Ok(())
    }
}

/// Gives the folder of the pictures.
pub fn pictures() -> PathBuf {
    crate::binaries::profile_folder().with_file_name("operator-page")
}

async fn start_driver(folder: &Path) -> Driver {
    let log = folder.join("chromedriver.log");
    let profile = tempfile::tempdir().expect("a folder can be made");
    let output = File::create(&log).expect("a log can be written");
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        // Not the test's folder: the path of a socket has 107 bytes at most.
        .env("TMPDIR", profile.path())
        .env("HOME", profile.path())
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a log can be shared"))
        .stderr(output)
        .spawn()
        .unwrap_or_else(|error| {
            panic!("chromedriver does not start ({error}): deploy/dev/services packages chromium chromium-driver installs it")
        });
    let port = poll("chromedriver listens", secs(30), async || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let ended = child.try_wait().expect("a child can be waited for");
        assert!(ended.is_none(), "chromedriver ended:\n{text}");
        let (_, rest) = text.split_once("started successfully on port ")?;
        let (port, _) = rest.split_once('.')?;
        port.parse::<u16>().ok()
    })
    .await;
    Driver {
        child,
        port,
        _profile: profile,
    }
}

fn capabilities() -> serde_json::Map<String, Value> {
    let mut arguments = vec![
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--force-color-profile=srgb",
        "--hide-scrollbars",
    ];
    // As root Chromium has no sandbox; as anybody else it keeps it.
    if rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox");
    }
    let capabilities = json!({
        "goog:chromeOptions": {"args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
    });
    match capabilities {
        Value::Object(map) => map,
        other => panic!("{other} is an object"),
    }
}
