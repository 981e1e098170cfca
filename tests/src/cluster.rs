//! A cluster of one machine, this one: Slurm's own daemons below a temporary folder.

use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Daemons that end with it.
pub struct Cluster {
    folder: tempfile::TempDir,
    munged: Child,
    controller: Option<Child>,
    node: Child,
}

/// How long the cluster has to come up.
const PATIENCE: Duration = Duration::from_secs(30);

impl Cluster {
    /// Starts the daemons; nothing, said loudly, where they are not installed, may not be started or do not come up.
    pub fn start() -> Option<Self> {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let skip = |why: &str| {
            eprintln!("SKIPPED: {test}: {why}");
            None
        };
        let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
        if !root {
            return skip("only root may start Slurm's daemons");
        }
        let missing =
            ["munged", "slurmctld", "slurmd", "sbatch"].into_iter().find(|program| find(program).is_none());
        if let Some(program) = missing {
            return skip(&format!("no {program}: apt-get install munge slurm-wlm"));
        }
        match Self::daemons() {
            Ok(cluster) => {
                let started = Instant::now();
                while cluster.run("sinfo", &["--noheader", "--format=%t"]).trim() != "idle" {
                    if started.elapsed() > PATIENCE {
                        return skip(&format!("the cluster does not come up: {}", cluster.logs()));
                    }
                    sleep(Duration::from_millis(200));
                }
                Some(cluster)
            }
            Err(error) => skip(&format!("the cluster cannot be started: {error}")),
        }
    }

    fn daemons() -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let place = folder.path();
        // Whoever submits a job must reach the socket.
        std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o755))?;
        for name in ["state", "spool", "munge"] {
            std::fs::create_dir(place.join(name))?;
        }
        std::fs::set_permissions(place.join("munge"), std::fs::Permissions::from_mode(0o755))?;
        let key = place.join("munge/munge.key");
        // Whoever knew the key could start jobs as root.
        let mut secret = [0_u8; 1024];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut secret)?;
        std::fs::write(&key, secret)?;
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600))?;
        let [controller, node] = [free_port()?, free_port()?];
        std::fs::write(place.join("slurm.conf"), configuration(place, controller, node))?;
        let at = |name: &str| place.join("munge").join(name).display().to_string();
        let munged = daemon(
            "munged",
            place,
            &[
                "--foreground",
                &format!("--key-file={}", at("munge.key")),
                &format!("--socket={}", at("munge.socket")),
                &format!("--pid-file={}", at("munged.pid")),
                &format!("--log-file={}", at("munged.log")),
                &format!("--seed-file={}", at("munged.seed")),
            ],
        )?;
        let started = Instant::now();
        while !place.join("munge/munge.socket").exists() && started.elapsed() < PATIENCE {
            sleep(Duration::from_millis(20));
        }
        let controller = daemon("slurmctld", place, &["-D"])?;
        let node = daemon("slurmd", place, &["-D", "-N", "localhost"])?;
        Ok(Self { munged, controller: Some(controller), node, folder })
    }

    /// What tells Slurm's commands, and whoever calls them, of this cluster.
    pub fn variable(&self) -> (&'static str, PathBuf) {
        ("SLURM_CONF", self.folder.path().join("slurm.conf"))
    }

    /// Runs one of Slurm's commands; gives back what it says.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let (name, value) = self.variable();
        let output = Command::new(program).args(arguments).env(name, value).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
    }

    /// Stops the controller; jobs go on.
    pub fn stop_controller(&mut self) {
        if let Some(controller) = self.controller.take() {
            end(controller);
        }
    }

    /// Starts the controller again.
    pub fn start_controller(&mut self) {
        self.controller = daemon("slurmctld", self.folder.path(), &["-D"]).ok();
    }

    fn logs(&self) -> String {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        let last = |text: String| text.lines().rev().take(3).collect::<Vec<_>>().join(" / ");
        format!("{} / {}", last(read("slurmctld.log")), last(read("slurmd.log")))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("scancel", &["--user=root"]);
        sleep(Duration::from_millis(300));
        self.stop_controller();
        for child in [&mut self.node, &mut self.munged] {
            signal(child);
            let _ = child.wait();
        }
    }
}

fn configuration(folder: &Path, controller: u16, node: u16) -> String {
    let (here, host) =
        (folder.display(), std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default());
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!(
        "ClusterName=twinprint
SlurmctldHost=localhost(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={here}/munge/munge.socket,cred_expire=5
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller}
SlurmdPort={node}
StateSaveLocation={here}/state
SlurmdSpoolDir={here}/spool
SlurmctldPidFile={here}/slurmctld.pid
SlurmdPidFile={here}/slurmd.pid
SlurmctldLogFile={here}/slurmctld.log
SlurmdLogFile={here}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
KillWait=2
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1
NodeName=localhost NodeAddr=127.0.0.1 NodeHostname={host} CPUs={cpus} State=UNKNOWN
PartitionName=debug Nodes=localhost Default=YES MaxTime=INFINITE State=UP
",
        host = host.trim()
    )
}

fn daemon(program: &str, folder: &Path, arguments: &[&str]) -> std::io::Result<Child> {
    let said = std::fs::File::create(folder.join(format!("{program}.said")))?;
    Command::new(find(program).unwrap_or_else(|| program.into()))
        .args(arguments)
        .env("SLURM_CONF", folder.join("slurm.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said)
        .spawn()
}

/// Where daemons are, which is not on everybody's path.
fn find(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders.iter().map(|folder| Path::new(folder).join(program)).find(|path| path.is_file())
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Asks a daemon to end and waits until it has.
fn end(mut child: Child) {
    signal(&child);
    let _ = child.wait();
}

fn signal(child: &Child) {
    let _ = Command::new("kill").arg(child.id().to_string()).status();
}
