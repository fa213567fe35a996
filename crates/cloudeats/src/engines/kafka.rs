//! A real Apache Kafka, one node that is broker and controller, for tests: `make test-engines`.
//! It speaks plainly, or as MSK does: TLS, and tokens that end soon.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::authority::Authority;
use crate::layout::{Layout, make};
use crate::process::supervisor::Supervisor;
use crate::process::{Ready, Spec};

const START_MAX: Duration = Duration::from_mins(1);

/// Brings the libraries together; Maven fetches them from Maven Central.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.cloudeats</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.3.1</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>4.3.1</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
"#;
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// A broker that ends with the value.
#[derive(Debug)]
pub struct Kafka {
    supervisor: Supervisor,
    bootstrap: String,
    signed: Option<Signed>,
}

/// What a broker that wants tokens has besides.
#[derive(Debug)]
struct Signed {
    authority: Authority,
    /// A listener that speaks TLS and wants no token.
    open: u16,
}

impl Kafka {
    /// Fetches what is missing and starts an empty broker on free ports. A `signed` one wants tokens.
    pub async fn start(layout: &Layout, signed: bool) -> anyhow::Result<Self> {
        let libraries = libraries(layout).await?;
        let folder = layout.folder().join("kafka");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        make(&folder, 0o700)?;
        let (broker, controller) = (free_port()?, free_port()?);
        let file = folder.join("server.properties");
        let signed = if signed {
            let authority = Authority::within(layout, folder.clone())?;
            Some(Signed { authority, open: free_port()? })
        } else {
            None
        };
        let listeners = match &signed {
            Some(signed) => signed.listeners(broker, controller, &folder)?,
            None => plain(broker, controller),
        };
        std::fs::write(&file, properties(controller, &folder) + &listeners)?;
        let open = signed.as_ref().map(|signed| signed.open);
        let java = |class: &str| {
            let mut spec = Spec::new(layout, "kafka", PathBuf::from("java"));
            spec = spec.args(["-Xmx512m", "-cp", &format!("{}/*", libraries.display()), class]);
            spec.ports = [broker, controller].into_iter().chain(open).collect();
            spec
        };
        let format = java("kafka.tools.StorageTool");
        let format = format.args(["format", "-t", "Y2xvdWRlYXRzLXRlc3QtMQ", "-c"]).args([&file]);
        run(&mut format.command()).await?;

        let mut supervisor = Supervisor::default();
        supervisor.keep(java("kafka.Kafka").args([&file]))?;
        supervisor.ready("kafka", &Ready::Tcp(broker), START_MAX).await?;
        Ok(Self { supervisor, bootstrap: format!("127.0.0.1:{broker}"), signed })
    }

    /// Where clients begin.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Who signed its certificate, and where TLS is enough; nobody where it speaks plainly.
    #[must_use]
    pub fn signed(&self) -> Option<(PathBuf, String)> {
        let signed = self.signed.as_ref()?;
        Some((signed.authority.root(), format!("127.0.0.1:{}", signed.open)))
    }

    /// Ends the broker.
    pub async fn stop(self) {
        self.supervisor.stop(|_| true, START_MAX).await;
    }
}

async fn libraries(layout: &Layout) -> anyhow::Result<PathBuf> {
    let folder = layout.packages().join("kafka");
    let libraries = folder.join("lib");
    if libraries.is_dir() {
        return Ok(libraries);
    }
    make(&folder, 0o755)?;
    std::fs::write(folder.join("pom.xml"), POM)?;
    let mut maven = Command::new("mvn");
    maven.current_dir(&folder).args([
        "-q",
        COPY,
        "-DincludeScope=runtime",
        "-DoutputDirectory=lib.new",
    ]);
    run(&mut maven).await?;
    // Copied aside and renamed: a half-filled folder would look whole.
    std::fs::rename(folder.join("lib.new"), &libraries)?;
    Ok(libraries)
}

/// Who makes a topic says how many partitions it has.
fn plain(broker: u16, controller: u16) -> String {
    listeners(&[("OURS", "PLAINTEXT", broker), ("CONTROLLER", "PLAINTEXT", controller)])
        + "auto.create.topics.enable=false\n"
}

impl Signed {
    /// As Terraform sets up MSK, which makes topics by itself. The tokens are not signed, which this broker takes; the
    /// connections are asked for a new one soon.
    fn listeners(&self, broker: u16, controller: u16, folder: &Path) -> anyhow::Result<String> {
        let own = self.authority.engines();
        let both = folder.join("broker.pem");
        let pem = std::fs::read_to_string(own.key)? + &std::fs::read_to_string(own.certificate)?;
        std::fs::write(&both, pem)?;
        let listeners = listeners(&[
            ("OURS", "SASL_SSL", broker),
            ("OPEN", "SSL", self.open),
            ("CONTROLLER", "PLAINTEXT", controller),
        ]);
        Ok(format!(
            "{listeners}\
             auto.create.topics.enable=true\n\
             num.partitions=16\n\
             ssl.keystore.type=PEM\n\
             ssl.keystore.location={both}\n\
             ssl.truststore.type=PEM\n\
             ssl.truststore.location={root}\n\
             sasl.enabled.mechanisms=OAUTHBEARER\n\
             sasl.mechanism.inter.broker.protocol=OAUTHBEARER\n\
             connections.max.reauth.ms=10000\n\
             listener.name.ours.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.\
             OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\";\n",
            both = both.display(),
            root = self.authority.root().display()
        ))
    }
}

/// Name, protocol and port of each; the last one is the controller's, which clients are not told of.
fn listeners(all: &[(&str, &str, u16)]) -> String {
    let addresses: Vec<String> =
        all.iter().map(|(name, _, port)| format!("{name}://127.0.0.1:{port}")).collect();
    let protocols: Vec<String> =
        all.iter().map(|(name, protocol, _)| format!("{name}:{protocol}")).collect();
    let told = addresses.split_last().map_or_else(String::new, |(_, told)| told.join(","));
    format!(
        "listeners={}\nadvertised.listeners={told}\nlistener.security.protocol.map={}\n",
        addresses.join(","),
        protocols.join(",")
    )
}

fn properties(controller: u16, folder: &Path) -> String {
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         inter.broker.listener.name=OURS\n\
         controller.listener.names=CONTROLLER\n\
         log.dirs={folder}/data\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=4\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n\
         broker.session.timeout.ms=1500\n\
         broker.heartbeat.interval.ms=300\n\
         controller.quorum.election.timeout.ms=200\n\
         controller.quorum.fetch.timeout.ms=500\n",
        folder = folder.display()
    )
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().await;
    let output = output.with_context(|| {
        format!(
            "`{program}` cannot be run: a real Kafka needs `java` and `mvn`, or set KAFKA_BOOTSTRAP"
        )
    })?;
    if output.status.success() {
        return Ok(());
    }
    let words = [output.stdout, output.stderr].concat();
    bail!("`{program}` failed: {}", String::from_utf8_lossy(&words).trim());
}
