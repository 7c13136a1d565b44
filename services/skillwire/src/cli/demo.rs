//! `skillwire demo`: the demonstration partnerships, through the same doors as everybody's.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use chrono::TimeDelta;
use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use skillwire_directory::{Address, admin};
use skillwire_runtime::DirectoryRead;
use skillwire_schemas::partnership::{Organization, OrganizationKind, Partnership, PartnershipCounty, Role};
use skillwire_schemas::{CountyFips, NeedId, OrganizationId, PartnershipId, PersonId};
use skillwire_web::{Permission, allowed};

use super::{Ended, console, run};
use crate::house::House;
use crate::settings::Settings;

/// How long a sign-in link of the console works, hours.
const LINK_HOURS: i64 = 12;
/// How long the demonstration's tokens work, days.
const TOKEN_DAYS: i64 = 1;

#[derive(Deserialize)]
struct PartnershipFile {
    key: String,
    name: String,
    naics_prefixes: Vec<String>,
    time_zone: String,
    counties: Vec<CountyFile>,
}

#[derive(Deserialize)]
struct CountyFile {
    county: String,
    sub_region: Option<String>,
}

#[derive(Deserialize)]
struct OrganizationFile {
    key: String,
    partnership: String,
    name: String,
    kind: OrganizationKind,
    naics: Option<String>,
}

#[derive(Deserialize)]
struct PersonFile {
    key: String,
    name: String,
    address: String,
    organization: String,
    partnership: String,
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Members {
    organizations: Vec<OrganizationFile>,
    people: Vec<PersonFile>,
}

#[derive(Deserialize)]
struct SubscriptionFile {
    person: String,
    #[serde(flatten)]
    asked: Value,
}

#[derive(Deserialize)]
struct SubmissionFile {
    employer: String,
    file: String,
    content_type: String,
    idempotency_key: String,
}

#[derive(Deserialize)]
struct ChangeFile {
    employer: String,
    reference: String,
    action: String,
    valid_until: Option<String>,
}

#[derive(Deserialize)]
struct Manifest {
    submissions: Vec<SubmissionFile>,
    changes: Vec<ChangeFile>,
}

fn read<T: DeserializeOwned>(dir: &Path, name: &str) -> Result<T> {
    let path = dir.join(name);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not of the shape", path.display()))
}

/// The id that a key of the demonstration always has.
fn organization_id(key: &str) -> OrganizationId {
    OrganizationId::derived(&["demo", key])
}

/// `skillwire demo load`
pub(super) async fn load(settings: Settings, dir: PathBuf, url: String) -> Result<Ended> {
    let house = run::open(settings).await?;
    let members: Members = read(&dir, "members.json")?;
    write_partnerships(&house, read(&dir, "partnerships.json")?).await?;
    let tokens = write_members(&house, &members).await?;
    let doors = Doors { client: Client::builder().timeout(Duration::from_secs(60)).build()?, url, tokens };
    for subscription in read::<Vec<SubscriptionFile>>(&dir, "subscriptions.json")? {
        doors.subscribe(subscription).await?;
    }
    let manifest: Manifest = read(&dir, "manifest.json")?;
    let contact: HashMap<&str, &str> =
        members.people.iter().map(|p| (p.organization.as_str(), p.key.as_str())).collect();
    let by =
        |employer: &str| contact.get(employer).copied().ok_or_else(|| anyhow!("{employer} has nobody who could send"));
    for submission in &manifest.submissions {
        doors.submit(&dir, by(&submission.employer)?, submission).await.with_context(|| submission.file.clone())?;
    }
    for change in &manifest.changes {
        doors.change(by(&change.employer)?, change).await.with_context(|| change.reference.clone())?;
    }
    console::line(&format!("{} submissions and {} changes are in", manifest.submissions.len(), manifest.changes.len()));
    Ok(Ended::Well)
}

async fn write_partnerships(house: &House, files: Vec<PartnershipFile>) -> Result<()> {
    let (db, now) = (house.db(skillwire_directory::NAME), house.env.clock.now());
    for file in files {
        let counties = file
            .counties
            .into_iter()
            .map(|c| Ok(PartnershipCounty { county: CountyFips::parse(&c.county)?, sub_region: c.sub_region }))
            .collect::<Result<_>>()?;
        let partnership = Partnership {
            id: PartnershipId::derived(&["demo", &file.key]),
            name: file.name,
            naics_prefixes: file.naics_prefixes,
            counties,
            time_zone: file.time_zone,
        };
        admin::ensure_partnership(&db, &partnership, now).await?;
    }
    Ok(())
}

/// Writes organizations and people; gives a token for each person.
async fn write_members(house: &House, members: &Members) -> Result<HashMap<String, String>> {
    let (db, now) = (house.db(skillwire_directory::NAME), house.env.clock.now());
    for file in &members.organizations {
        let organization = Organization {
            id: organization_id(&file.key),
            name: file.name.clone(),
            kind: file.kind,
            naics: file.naics.clone(),
        };
        admin::ensure_organization(&db, PartnershipId::derived(&["demo", &file.partnership]), &organization).await?;
    }
    let mut tokens = HashMap::new();
    for file in &members.people {
        let address: Address = file.address.parse().with_context(|| file.key.clone())?;
        let partnership = PartnershipId::derived(&["demo", &file.partnership]);
        let organization = organization_id(&file.organization);
        let person = (PersonId::derived(&["demo", &file.key]), file.name.as_str(), &address);
        let id = admin::ensure_person(&db, person, partnership, organization, &file.roles).await?;
        let scopes: Vec<Permission> = allowed(&file.roles.iter().copied().collect()).into_iter().collect();
        let owner = (id, partnership, organization);
        let ends = now + TimeDelta::days(TOKEN_DAYS);
        let token = admin::issue_token(&db, &*house.env.ids, owner, "demonstration", &scopes, now, ends).await?;
        tokens.insert(file.key.clone(), token);
    }
    Ok(tokens)
}

/// The API of a running Skillwire, as each of the people.
struct Doors {
    client: Client,
    url: String,
    tokens: HashMap<String, String>,
}

impl Doors {
    fn post(&self, person: &str, path: &str) -> Result<RequestBuilder> {
        let token = self.tokens.get(person).ok_or_else(|| anyhow!("there is no person {person}"))?;
        Ok(self.client.post(format!("{}{path}", self.url.trim_end_matches('/'))).bearer_auth(token))
    }

    async fn subscribe(&self, subscription: SubscriptionFile) -> Result<()> {
        let token = self
            .tokens
            .get(&subscription.person)
            .ok_or_else(|| anyhow!("there is no person {}", subscription.person))?;
        let url = format!("{}/api/v1/subscriptions", self.url.trim_end_matches('/'));
        let known: Value = self.client.get(url).bearer_auth(token).send().await?.error_for_status()?.json().await?;
        let name = &subscription.asked["name"];
        if known["subscriptions"].as_array().into_iter().flatten().any(|s| &s["name"] == name) {
            return Ok(());
        }
        let request = self.post(&subscription.person, "/api/v1/subscriptions")?.json(&subscription.asked);
        taken(request).await.with_context(|| format!("subscription {name}")).map(drop)
    }

    async fn submit(&self, dir: &Path, person: &str, file: &SubmissionFile) -> Result<()> {
        let body = std::fs::read(dir.join(&file.file)).context("cannot be read")?;
        let name = Path::new(&file.file).file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let request = self
            .post(person, &format!("/api/v1/submissions?file_name={name}"))?
            .header("content-type", &file.content_type)
            .header("idempotency-key", &file.idempotency_key)
            .body(body);
        taken(request).await.map(drop)
    }

    async fn change(&self, person: &str, change: &ChangeFile) -> Result<()> {
        let employer = organization_id(&change.employer).to_string();
        let need = NeedId::derived(&[&employer, "ref", &change.reference]);
        let one = json!({"need": need, "action": change.action, "valid_until": change.valid_until});
        let request = self
            .post(person, "/api/v1/submissions/changes")?
            .header("idempotency-key", format!("demo-{}-{}", change.action, change.reference))
            .json(&json!({"changes": [one]}));
        taken(request).await.map(drop)
    }
}

async fn taken(request: RequestBuilder) -> Result<Value> {
    let answer = request.send().await.context("Skillwire does not answer")?;
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    if !status.is_success() {
        bail!("refused ({status}): {}", body["detail"].as_str().unwrap_or("no reason was given"));
    }
    Ok(body)
}

/// `skillwire demo links`
pub(super) async fn links(settings: Settings, as_json: bool) -> Result<Ended> {
    let house = run::open(settings).await?;
    let (db, now) = (house.db(skillwire_directory::NAME), house.env.clock.now());
    let mut links = Vec::new();
    let mut subscribe = None;
    for partnership in house.reader.partnerships().await? {
        for (role, person, name) in admin::one_of_each_role(&db, &partnership).await? {
            let ttl = TimeDelta::hours(LINK_HOURS);
            let path = admin::sign_in_link(&db, &*house.env.ids, person, partnership.id, now, ttl).await?;
            let url = format!("{}{path}", house.public_url());
            links.push(json!({"role": role.as_str(), "name": name, "partnership": partnership.name, "url": url}));
        }
        if subscribe.is_none() {
            let first = skillwire_route::first_stream(&house.db(skillwire_route::NAME), partnership.id).await?;
            subscribe = first.map(|id| format!("{}/streams/{id}", house.public_url()));
        }
    }
    if as_json {
        console::line(&json!({"sign_in": links, "subscribe": subscribe}).to_string());
        return Ok(Ended::Well);
    }
    for link in &links {
        let text = |key: &str| link[key].as_str().unwrap_or_default();
        console::line(&format!("{:<17} {:<28} {}", text("role"), text("name"), text("url")));
    }
    console::line(&subscribe.unwrap_or_else(|| "no stream subscription yet".to_owned()));
    Ok(Ended::Well)
}

/// `skillwire demo token`
pub(super) async fn token(settings: Settings, address: String) -> Result<Ended> {
    let house = run::open(settings).await?;
    let (db, now) = (house.db(skillwire_directory::NAME), house.env.clock.now());
    let address: Address = address.parse()?;
    let person = admin::person_by_address(&db, &address).await?.ok_or_else(|| anyhow!("nobody has that address"))?;
    let (partnership, organization) =
        admin::first_membership(&db, person).await?.ok_or_else(|| anyhow!("they are in no partnership"))?;
    let ends = now + TimeDelta::days(TOKEN_DAYS);
    let owner = (person, partnership, organization);
    console::line(&admin::issue_token(&db, &*house.env.ids, owner, "console", &Permission::ALL, now, ends).await?);
    Ok(Ended::Well)
}
