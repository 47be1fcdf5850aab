#!/bin/bash
# A real Slurm of one node on this machine, from Debian's packages, and a small sweep through it whose node is killed in
# the middle. Nothing of an installed Slurm is touched: all daemons run with files of their own in a temporary folder.
#
#   apt-get install slurmctld slurmd slurm-client munge
#   pip install 'micro-expression[submitit]'
#   sudo experiments/slurm/one_node.sh             # root, since slurmd starts jobs for users; takes some minutes
#
# What it shows: the jobs that run on the killed node are lost; the same command, given again, keeps the finished cells and
# runs the others; the table is that of an undisturbed sweep without Slurm; no MLflow run is left RUNNING.
set -euo pipefail

mer=${MER:-mer}
work=$(mktemp -d /tmp/mer_slurm.XXXXXX)
host=$(hostname -s)
export SLURM_CONF=$work/slurm.conf MER_HOME=$work/home OMP_NUM_THREADS=1
sweep=(study=slurm dataset.subjects=4 dataset.clips=7 dataset.frequencies.anger=0 dataset.frequencies.fear=0
       dataset.frequencies.sadness=0 tuning=none workers=1 roi=grid,whole descriptor.bins=4,6,8)
slurm=(hydra/launcher=submitit_slurm hydra.launcher.timeout_min=20 hydra.launcher.cpus_per_task=1)

stop() {
    for daemon in slurmd slurmctld munged; do
        [ -s "$work/$daemon.pid" ] && kill "$(cat "$work/$daemon.pid")" 2>/dev/null || true
    done
}
trap stop EXIT

start_munge() {
    install -d -m 0711 "$work/munge"
    head -c 1024 /dev/urandom > "$work/munge/key"
    chmod 0400 "$work/munge/key"
    chmod 0755 "$work"
    chown -R munge: "$work/munge"
    touch "$work/munged.pid" && chown munge: "$work/munged.pid"
    setpriv --reuid munge --regid munge --clear-groups munged --force \
        --key-file "$work/munge/key" --socket "$work/munge/socket" --seed-file "$work/munge/seed" \
        --log-file "$work/munge/log" --pid-file "$work/munge/pid"
    cp "$work/munge/pid" "$work/munged.pid"
}

configure() {
    cat > "$work/slurm.conf" <<CONF
ClusterName=mer
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
SlurmUser=root
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdTimeout=15
ReturnToService=2
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    mkdir -p "$work/state" "$work/spool"
}

start_node() {
    slurmd -N "$host"
    for _ in $(seq 60); do
        [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ] && return
        scontrol update nodename="$host" state=resume 2>/dev/null || true
        sleep 1
    done
    sinfo || true
    tail -n 20 "$work/slurmctld.log" "$work/slurmd.log"
    echo "the node did not become idle" >&2
    exit 1
}

kill_node() {
    # A node that goes down takes its jobs with it. The processes are asked of our own Slurm, so no others are hit.
    jobs=$(scontrol listpids | awk 'NR > 1 && $1 > 0 {print $1}')
    kill -9 "$(cat "$work/slurmd.pid")"
    for pid in $jobs; do kill -9 "$pid" 2>/dev/null || true; done
    scontrol update nodename="$host" state=down reason=killed
}

scores() { cut -d, -f1-2,4-5 "$1/cells.csv"; }

start_munge
configure
slurmctld
start_node
echo "slurm $(sinfo --version) on $host: $(sinfo --noheader --format='%T, %c cores')"

# A background job of a script ignores Ctrl-C unless it is told otherwise.
env --default-signal=INT "$mer" run -m "${sweep[@]}" "${slurm[@]}" hydra.sweep.dir="$work/first" > "$work/first.log" 2>&1 &
first=$!
until [ "$(find "$work/home/results" -name cell.json 2>/dev/null | wc -l)" -ge 2 ]; do
    sleep 1
    kill -0 "$first" || { cat "$work/first.log"; exit 1; }
done
echo "two cells are finished: the node is killed"
squeue
kill_node
sleep 3
kill -INT "$first"
wait "$first" || echo "the sweep was interrupted: exit status $?"
tail -n 15 "$work/first.log"
scancel --user=root 2>/dev/null || true

echo "the node comes back; the same command"
start_node
"$mer" run -m "${sweep[@]}" "${slurm[@]}" hydra.sweep.dir="$work/second"
echo "the same sweep without Slurm, in a home of its own"
MER_HOME=$work/alone "$mer" run -m "${sweep[@]}" hydra.sweep.dir="$work/alone_out" > "$work/alone.log" 2>&1

diff <(scores "$work/second") <(scores "$work/alone_out") && echo "same scores in every cell: yes"
python3 - "$work/home/mlflow.db" <<'PY'
import collections, sqlite3, sys
print("MLflow runs:", dict(collections.Counter(row[0] for row in sqlite3.connect(sys.argv[1]).execute("select status from runs"))))
PY
echo "files are in $work"
