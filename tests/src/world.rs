//! The world.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use skillwire::house::{self, House};
use skillwire::settings::Settings;
use skillwire::targets::TARGETS;
use skillwire_deliver::catcher::{Catcher, CatcherOptions};
use skillwire_directory::admin;
use skillwire_runtime::supervise::Stop;
use skillwire_runtime::{FixedClock, Progress, SeededIds, Work};
use skillwire_schemas::partnership::{Organization, OrganizationKind, Partnership, PartnershipCounty, Role};
use skillwire_schemas::{CountyFips, OrganizationId, PartnershipId, PersonId};
use skillwire_web::{Permission, RouteSpec, Routes, Shell, shell};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, watch};

use crate::nats::Nats;

static DATABASES: AtomicU32 = AtomicU32::new(0);
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its JSON, or its text as a JSON string.
    pub body: Value,
}

/// Everything a test needs.
pub struct World {
    /// The house under test.
    pub house: House,
    /// The clock, to be turned.
    pub clock: Arc<FixedClock>,
    /// Caught mails, and faults.
    pub catcher: Catcher,
    /// The nats-server.
    pub nats: Nats,
    /// Where the pages are.
    pub url: String,
    /// Every route and who may call it.
    pub table: Vec<RouteSpec>,
    works: Vec<Arc<dyn Work>>,
    client: Client,
    tokens: HashMap<String, String>,
    _stop: watch::Sender<bool>,
    _mail: TempDir,
}

fn server_url() -> String {
    std::env::var("SKILLWIRE_TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!("SKILLWIRE_TEST_DATABASE_URL is not set: run the tests by ./tests/run, or give a PostgreSQL that may be filled")
    })
}

fn database(name: &str) -> String {
    let server = server_url();
    let (base, _) = server.rsplit_once('/').unwrap();
    format!("{base}/{name}")
}

fn settings(url: &str) -> Settings {
    let mut settings = Settings::default();
    settings.database.url = url.to_owned();
    settings.database.connections_max = 8;
    settings.secret.key = "5a".repeat(32);
    settings.aggregate.settle_ms = 0;
    settings
}

/// A migrated database that the others are copied from.
async fn template() -> &'static str {
    TEMPLATE
        .get_or_init(|| async {
            let name = format!("skillwire_template_{}", std::process::id());
            create(&format!("create database {name}")).await;
            let pool = house::pool(&settings(&database(&name))).unwrap();
            house::migrate(&pool, &TARGETS.iter().collect::<Vec<_>>()).await.unwrap();
            pool.close().await;
            name
        })
        .await
}

async fn create(sql: &str) {
    let mut connection = PgConnection::connect(&server_url()).await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

impl World {
    /// A new world at 2026-11-24, 15:00 UTC, with two partnerships, `kc` and `mv`.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A new world with some settings otherwise.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let template = template().await;
        let name = format!("skillwire_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
        create(&format!("create database {name} template {template}")).await;
        let secret = "5a".repeat(32).parse().unwrap();
        let nats = Nats::start(&skillwire_deliver::issuer(&secret).unwrap().public_key()).await;
        let clock = Arc::new(FixedClock::at("2026-11-24T15:00:00Z".parse().unwrap()));
        let (stopper, stop) = Stop::new();
        let mail = tempfile::tempdir().unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        let options = CatcherOptions { smtp: any, http: any, dir: mail.path().to_owned() };
        let catcher = Catcher::start(&options, Arc::clone(&clock) as _, stop.clone()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut settings = settings(&database(&name));
        settings.nats.url = nats.url();
        settings.nats.answer_timeout_s = 2;
        // nats-server promises the space it is asked for, and makes no stream where the disk has less.
        settings.nats.events_megabytes_max = 256;
        settings.nats.feed_megabytes_max = 256;
        settings.deliver.smtp_url = format!("smtp://{}", catcher.smtp);
        settings.deliver.smtp_timeout_s = 5;
        settings.http.public_url.clone_from(&url);
        settings.outbound.plain_http = true;
        settings.outbound.allowed_networks = vec!["127.0.0.1/32".to_owned()];
        settings.deliver.webhook_timeout_s = 1;
        settings.http.requests_per_minute_max = 1_000_000;
        change(&mut settings);
        let house = House::open(settings, Arc::clone(&clock) as _, Arc::new(SeededIds::new(7))).await.unwrap();
        let (mut works, mut routes) = (Vec::new(), Routes::new());
        for target in TARGETS {
            let made = (target.create)(&house).unwrap();
            works.extend(made.works);
            routes = routes.merge(made.routes);
        }
        routes = routes.merge(skillwire::dead_letters::routes(&house));
        let table = routes.table().to_vec();
        let router = shell(
            routes,
            Shell {
                config: house.settings.http.clone(),
                actors: Arc::clone(&house.reader) as _,
                clock: Arc::clone(&clock) as _,
                ids: Arc::clone(&house.env.ids),
                health: skillwire::health::checks(&house),
                openapi: skillwire::contract::openapi_json().unwrap(),
                metrics: None,
            },
        );
        tokio::spawn(skillwire_web::serve(router, listener, stop));
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut world = Self {
            house,
            clock,
            catcher,
            nats,
            url,
            table,
            works,
            client,
            tokens: HashMap::new(),
            _stop: stopper,
            _mail: mail,
        };
        world.people().await;
        world.connected().await;
        world
    }

    /// Two partnerships: in each six employers with a contact each, staff, a subscriber and a champion.
    async fn people(&mut self) {
        let now = self.now();
        let db = self.house.db("directory");
        for (key, counties, zone) in [
            ("kc", ["29095", "29047", "20091"], "America/Chicago"),
            ("mv", ["39113", "39057", "39109"], "America/New_York"),
        ] {
            let partnership = Partnership {
                id: partnership(key),
                name: format!("Partnership {key}"),
                naics_prefixes: vec!["33".to_owned()],
                counties: counties
                    .iter()
                    .map(|c| PartnershipCounty { county: CountyFips::parse(c).unwrap(), sub_region: None })
                    .collect(),
                time_zone: zone.to_owned(),
            };
            admin::ensure_partnership(&db, &partnership, now).await.unwrap();
            for n in 1..=6 {
                self.member(key, &format!("{key}-e{n}"), OrganizationKind::Employer, &[Role::EmployerContact]).await;
            }
            self.member(key, &format!("{key}-staff"), OrganizationKind::Intermediary, &[Role::Staff]).await;
            self.member(key, &format!("{key}-college"), OrganizationKind::College, &[Role::Subscriber]).await;
            self.member(key, &format!("{key}-champion"), OrganizationKind::Employer, &[Role::Champion]).await;
            self.member(key, &format!("{key}-operator"), OrganizationKind::Intermediary, &[Role::Operator]).await;
        }
    }

    async fn member(&mut self, in_partnership: &str, key: &str, kind: OrganizationKind, roles: &[Role]) {
        let db = self.house.db("directory");
        let of = partnership(in_partnership);
        let naics = (kind == OrganizationKind::Employer).then(|| "332710".to_owned());
        let id = organization(key);
        let organization = Organization { id, name: format!("Organization {key}"), kind, naics };
        admin::ensure_organization(&db, of, &organization).await.unwrap();
        let address = format!("{key}@people.example").parse().unwrap();
        let name = format!("Person {key}");
        let one = (person(key), name.as_str(), &address);
        let who = admin::ensure_person(&db, one, of, id, roles).await.unwrap();
        let now = self.now();
        let ends = now + TimeDelta::days(365);
        let ids = Arc::clone(&self.house.env.ids);
        let token = admin::issue_token(&db, &*ids, (who, of, id), "test", &Permission::ALL, now, ends).await.unwrap();
        self.tokens.insert(key.to_owned(), token);
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        skillwire_runtime::Clock::now(&*self.clock)
    }

    /// Waits until the connection to NATS is there and the streams are made: both happen in the background.
    pub async fn connected(&self) {
        for _ in 0..500 {
            if self.house.bus.ping().await.is_ok() && self.house.bus.ensure_streams().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("NATS is not reached");
    }

    /// Turns the clock.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Somebody's token.
    #[must_use]
    pub fn token(&self, who: &str) -> &str {
        self.tokens.get(who).map(String::as_str).unwrap_or_else(|| panic!("there is no {who}"))
    }

    /// Steps all loops until nobody has anything to do. A fault is a failure of the test.
    pub async fn drain(&self) {
        for round in 0..2_000 {
            let mut did = 0;
            for work in &self.works {
                match work.step(Duration::ZERO).await {
                    Ok(Progress::Did(n)) => did += n,
                    Ok(Progress::Idle) => {}
                    Err(fault) => panic!("{} in round {round}: {fault}", work.name()),
                }
            }
            if did == 0 {
                return;
            }
        }
        panic!("the pipeline does not come to rest");
    }

    /// Lets all loops run by themselves on the machine's time, for benches. Ends with the value it gives.
    #[must_use]
    pub fn run(&self) -> watch::Sender<bool> {
        let (stopper, stop) = Stop::new();
        let clock = Arc::clone(&self.clock);
        tokio::spawn(async move {
            loop {
                clock.set(skillwire_runtime::Clock::now(&skillwire_runtime::SystemClock));
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        tokio::spawn(skillwire_runtime::supervise(self.works.clone(), stop));
        stopper
    }

    /// Lets all loops finish, as when the process is told to stop.
    pub async fn finish(&self) {
        for work in &self.works {
            work.finish().await;
        }
    }

    /// Steps all loops some rounds; faults are allowed.
    pub async fn stumble(&self, rounds: usize) {
        for _ in 0..rounds {
            for work in &self.works {
                let _ = work.step(Duration::ZERO).await;
            }
        }
    }

    /// Steps all loops until something that waits for them is there. Faults are allowed.
    pub async fn while_it_runs<T>(&self, something: impl Future<Output = T>) -> T {
        let running = async {
            loop {
                self.stumble(1).await;
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            done = something => done,
            never = running => never,
        }
    }

    /// Calls the API.
    pub async fn call(&self, who: Option<&str>, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(who) = who {
            request = request.bearer_auth(self.token(who));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    /// Gets JSON that must be there.
    pub async fn get(&self, who: &str, path: &str) -> Value {
        let answer = self.call(Some(who), Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.body
    }

    /// Sends a submission.
    pub async fn submit(&self, who: &str, key: &str, content_type: &str, body: &[u8]) -> Answer {
        let request = self
            .client
            .post(format!("{}/api/v1/submissions", self.url))
            .bearer_auth(self.token(who))
            .header("content-type", content_type)
            .header("idempotency-key", key)
            .body(body.to_vec());
        answer(request).await
    }

    /// Submits one need for an employer; gives its id.
    pub async fn need(&self, who: &str, reference: &str, occupation: &str, county: &str, openings: u32) -> String {
        let need = serde_json::json!({"needs": [{
            "reference": reference, "occupation": occupation, "county": county,
            "openings": [{"horizon": "now", "new": openings}],
            "wage": {"min": 20 + openings % 5, "max": 28, "unit": "hour"},
            "required_skills": ["MIG welding", "blueprint reading"], "preferred_credentials": ["OSHA 10"],
        }]});
        let key = format!("{who}-{reference}-{}", self.now().timestamp_micros());
        let answer = self.submit(who, &key, "application/json", need.to_string().as_bytes()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.body["items"][0]["need"].as_str().unwrap().to_owned()
    }

    /// A client that follows nothing.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// The id of a test partnership.
#[must_use]
pub fn partnership(key: &str) -> PartnershipId {
    PartnershipId::derived(&["test", key])
}

/// The id of a test organization.
#[must_use]
pub fn organization(key: &str) -> OrganizationId {
    OrganizationId::derived(&["test", key])
}

/// The id of a test person.
#[must_use]
pub fn person(key: &str) -> PersonId {
    PersonId::derived(&["test", key])
}
