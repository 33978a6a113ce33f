#!/usr/bin/env bats
# The axiom command as a shell sees it. $AXIOM is the program, $AXIOM_SOURCE_DIR
# the source tree.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_TMPDIR"
  config=$AXIOM_SOURCE_DIR/config/digest.yaml
  drive=$AXIOM_SOURCE_DIR/tests/tools/drive.py
  unset ROOT OUTPUT AXIOM_METRICS
}

teardown() {
  if [ -n "${open-}" ]; then
    rm -rf "$open"
  fi
  if [ -n "${pid-}" ]; then
    kill "$pid" || true
  fi
}

# What the digest of "$1" has to be, byte for byte.
expected() {
  find "$1" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
}

digest() {
  "$AXIOM" run "$config" --progress none --set "ROOT=$1" "${@:2}"
}

# A tree with everything that is hard on names, kinds and order.
make_nasty_tree() {
  mkdir -p "$1"
  (
    cd "$1"
    mkdir -p a/b a.d a-d 'a b' ab empty z/y/x/w/v $'new\nline' $'\xff\xfe' -- -dir
    local i=0 name
    for name in a.c a/1 a/b/2 a/b.c 'a!' a0 a.d/x a-d/x 'a b/ ' ab/x abc \
      $'new\nline/in\nside' $'\xff\xfe/\x01' 'back\slash' $'return\r' -dash \
      ' lead' 'trail ' z/y/x/w/v/deep z/y/q $'tab\t' é '"quotes"' "it's" '*' \
      $'\e[31mred' '$(echo)' '-dir/-file' '[brackets]' '%s%n'; do
      head -c $((i * 7919)) /dev/zero | tr '\0' 'x' >"./$name"
      i=$((i + 1))
    done
    head -c 9000000 /dev/urandom >larger-than-a-slice
    ln -s a.c link
    ln -s a link-to-directory
    ln -s nowhere broken-link
    ln -s . loop
    mkfifo pipe
    : >"$(printf 'n%.0s' {1..255})"
  )
}

# Begins a run of the deployment "$1", with metrics at a free port and the rest of
# the arguments, and waits until it says where: `pid`, and `url`.
begin_with_metrics() {
  "$AXIOM" run "$1" --progress plain --metrics 127.0.0.1:0 "${@:2}" \
    >/dev/null 2>log 3>&- &
  pid=$!
  url=
  local i
  for i in {1..600}; do
    url=$(sed -n 's/^axiom: metrics on //p' log)
    [ -z "$url" ] || return 0
    kill -0 "$pid" || break
    sleep 0.05
  done
  cat log
  return 1
}

# Scrapes `url` to `scraped`, as often as it takes until each of the patterns is
# there.
scrape_until() {
  python3 - "$url" "$@" <<'EOF' || { cat log; return 1; }
import re, sys, time, urllib.request
for _ in range(600):
    text = urllib.request.urlopen(sys.argv[1]).read().decode()
    open("scraped", "w").write(text)
    missing = [x for x in sys.argv[2:] if not re.search(x, text, re.M)]
    if not missing:
        break
    time.sleep(0.05)
else:
    sys.exit(f"{text}never seen: {missing}")
EOF
}

# Stops that run. Its status, and that of `promtool` for the last scrape, are what
# they have to be.
end_with_metrics() {
  kill -TERM "$pid"
  local status=0
  wait "$pid" || status=$?
  pid=
  cat log
  [ "$status" -eq 143 ]
  if command -v promtool >/dev/null; then
    [ -z "$(promtool check metrics <scraped 2>&1)" ]
  fi
}

# -- what is printed -----------------------------------------------------------

@test "the digest of a nasty tree is what find, sort and sha256sum print" {
  make_nasty_tree tree
  for root in tree tree/ tree// ./tree tree/. "$PWD/tree" tree/../tree; do
    digest "$root" >actual
    cmp <(expected "$root") actual
  done
}

@test "sha256sum --check accepts the digest" {
  make_nasty_tree tree
  digest tree >digests
  sha256sum --check --quiet digests
}

@test "a directory whose name is not text is digested all the same" {
  local root=$'in\nner \xff\\ $HOME ${X} [y]'
  make_nasty_tree "$root"
  digest "$root" >actual
  cmp <(expected "$root") actual
}

@test "a real tree gives the same with any number of threads and any width" {
  expected /usr/include >wanted
  digest /usr/include >actual
  cmp wanted actual
  digest /usr/include --threads 1 >actual
  cmp wanted actual
  digest /usr/include --threads 7 >actual
  cmp wanted actual
  sed 's/max_concurrency: auto/max_concurrency: 1/' "$config" >one.yaml
  "$AXIOM" run one.yaml --progress none --set ROOT=/usr/include/linux >actual
  cmp <(expected /usr/include/linux) actual
}

@test "pinned workers give the same" {
  local affinity
  for affinity in compact scatter; do
    sed "s/affinity: none/affinity: $affinity/" "$config" >pinned.yaml
    "$AXIOM" run pinned.yaml --progress none --set ROOT=/usr/include/linux \
      >actual
    cmp <(expected /usr/include/linux) actual
  done
}

@test "an empty directory gives nothing and a single file one line" {
  mkdir empty
  run --separate-stderr digest empty
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  printf abc >'one\file'
  digest 'one\file' >actual
  cmp <(expected 'one\file') actual
}

@test "many directories do not take many descriptors" {
  local i
  for i in {1..400}; do mkdir -p "wide/$i/sub"; : >"wide/$i/sub/file"; done
  (
    ulimit -n 40
    digest wide >actual
  )
  cmp <(expected wide) actual
}

# -- output --------------------------------------------------------------------

@test "an output file appears complete" {
  make_nasty_tree tree
  echo before >out
  run --separate-stderr digest tree --set OUTPUT=out
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  cmp <(expected tree) out
  [ -z "$(find . -maxdepth 1 -name '.axiom*')" ]
}

@test "output that cannot be written is an error" {
  run --separate-stderr bash -c \
    "'$AXIOM' run '$config' --progress none >/dev/full"
  [ "$status" -eq 1 ]
  [[ $stderr == *"standard output: No space left on device"* ]]
  run --separate-stderr bash -c \
    "'$AXIOM' run '$config' --progress none >&-"
  [ "$status" -eq 1 ]
  [[ $stderr == *"standard output: Bad file descriptor"* ]]
  run --separate-stderr bash -c \
    "'$AXIOM' run '$config' --progress none | head -n 1 >/dev/null
     exit \${PIPESTATUS[0]}"
  [ "$status" -eq 1 ]
  [[ $stderr == *"standard output: Broken pipe"* ]]
  run --separate-stderr digest /usr/include/linux --set OUTPUT=/dev/full
  [ "$status" -eq 1 ]
  [[ $stderr == *"/dev/full: No space left on device"* ]]
  run --separate-stderr bash -c "'$AXIOM' --version >/dev/full"
  [ "$status" -eq 1 ]
}

# -- errors of files -----------------------------------------------------------

@test "what cannot be read is reported at the end and the rest is digested" {
  # Root reads everything, so somebody else does the work, in a place of theirs.
  open=$(mktemp -d)
  cd "$open"
  make_nasty_tree tree
  echo secret >tree/locked
  mkdir tree/closed
  echo x >tree/closed/file
  cp "$AXIOM" program
  cp "$config" digest.yaml
  chmod -R a+rX .
  chmod 000 tree/locked tree/closed
  local as=()
  if [ "$(id -u)" -eq 0 ]; then
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${as[@]}" test -x program || skip "nobody else can run a program here"
  fi
  run --separate-stderr "${as[@]}" ./program run digest.yaml --progress none \
    --set ROOT=tree
  echo "$stderr"
  [ "$status" -eq 1 ]
  [ "${#stderr_lines[@]}" -eq 4 ]
  [ "${stderr_lines[0]}" = "axiom: 1 of 1 task failed" ]
  [ "${stderr_lines[1]}" = "  digest: 2 errors" ]
  # Each in a task of its own: either may come first.
  [ "$(printf '%s\n' "${stderr_lines[@]:2}" | LC_ALL=C sort)" = \
    "    tree/closed: Permission denied (open directory)
    tree/locked: Permission denied (open)" ]
  "${as[@]}" ./program run digest.yaml --progress none --set ROOT=tree \
    2>/dev/null >"$BATS_TEST_TMPDIR/actual" || [ $? -eq 1 ]
  chmod 755 tree/closed
  cmp <(expected tree | grep -av 'tree/locked$\|tree/closed/') \
    "$BATS_TEST_TMPDIR/actual"
}

@test "a path that is too long for the system is one error" {
  local name deep=tree
  name=$(printf 'd%.0s' {1..250})
  mkdir tree
  echo x >tree/z
  (
    cd tree
    for _ in {1..17}; do mkdir "$name" && cd "$name"; done
    echo unreachable >file
  )
  run --separate-stderr digest tree
  [ "$status" -eq 1 ]
  [[ $stderr == *"File name too long"* ]]
  [[ $output == *"  tree/z" ]]
  # Too long for rm as well.
  find tree -delete
}

# -- what is wrong with the file or the command line ----------------------------

@test "a wrong command line is explained and ends with 2" {
  local -a wrong=("" "run" "fly $config" "run $config --treads 2"
    "run $config --threads 0" "run $config --threads x" "run $config extra"
    "run $config --progress loud" "run $config --metrics 80"
    "run $config --set ROOT" "run $config --set =x" "run $config --set 1A=x"
    "run nonexistent.yaml" "run /" "check")
  local line
  for line in "${wrong[@]}"; do
    # shellcheck disable=SC2086
    run --separate-stderr "$AXIOM" $line
    echo "axiom $line: status $status: $stderr"
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [ -n "$stderr" ]
  done
  run --separate-stderr "$AXIOM" run ""
  [ "$status" -eq 2 ]
  [[ $stderr == *"the deployment file is empty"* ]]
}

@test "all problems of a command line are shown at once" {
  run --separate-stderr "$AXIOM" run "$config" --threads 0 --progress loud \
    --set x --metrics nowhere
  [ "$status" -eq 2 ]
  [ "${#stderr_lines[@]}" -eq 4 ]
}

@test "a wrong root is shown in the file and ends with 2" {
  mkfifo pipe
  ln -s /usr/include link
  local root
  for root in "" /nonexistent pipe link /usr/include/stdio.h/ ; do
    run --separate-stderr digest "$root"
    echo "$stderr"
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ ${stderr_lines[0]} == "$config:"[0-9]*:[0-9]*": tasks[0].with.root: "* ]]
    [[ ${stderr_lines[1]} == *'root: "${ROOT-/usr/include}"'* ]]
  done
  digest link/ >actual
  cmp <(expected link/) actual
}

@test "an output that cannot be made is found before the work" {
  local out
  for out in nowhere/out . /dev/null/x; do
    run --separate-stderr digest /usr/include --set "OUTPUT=$out"
    echo "$stderr"
    [ "$status" -eq 2 ]
    [[ ${stderr_lines[0]} == *": tasks[0].with.output: "* ]]
  done
}

@test "every problem of a file is shown with its line" {
  cat >wrong.yaml <<'EOF'
version: 2
system: { threads: many }
metrcs: {}
tasks:
  - name: digest
    type: digest_tre
  - name: digest
    type: digest_tree
    with: { rot: / }
EOF
  run --separate-stderr "$AXIOM" check wrong.yaml
  echo "$stderr"
  [ "$status" -eq 2 ]
  [ "$(grep -c '^wrong.yaml:' <<<"$stderr")" -eq 6 ]
  [[ $stderr == *'did you mean "digest_tree"?'* ]]
  [[ $stderr == *'did you mean "metrics"?'* ]]
  [[ $stderr == *'did you mean "root"?'* ]]
  run --separate-stderr "$AXIOM" run wrong.yaml
  [ "$status" -eq 2 ]
}

@test "a variable that the file does not use is a mistake" {
  run --separate-stderr "$AXIOM" check "$config" --set ROTO=/x
  [ "$status" -eq 2 ]
  [[ $stderr == *'--set ROTO: '*'did you mean "ROOT"?'* ]]
}

@test "check says that the shipped file is well" {
  run --separate-stderr "$AXIOM" check "$config"
  [ "$status" -eq 0 ]
  [ "$output" = "$config: well, 1 task" ]
  run --separate-stderr "$AXIOM" check "$config" --set ROOT=/nonexistent
  [ "$status" -eq 2 ]
  run --separate-stderr "$AXIOM" check "$config" --set ROOT=/nonexistent \
    --no-environment
  [ "$status" -eq 0 ]
}

@test "the environment sets variables and --set comes before it" {
  printf x >one
  printf y >two
  ROOT=one run --separate-stderr "$AXIOM" run "$config" --progress none
  [[ $output == *"  one" ]]
  ROOT=one run --separate-stderr digest two
  [[ $output == *"  two" ]]
}

@test "help and version go to standard output" {
  run --separate-stderr "$AXIOM" --version
  [ "$status" -eq 0 ]
  [[ $output =~ ^axiom\ [0-9]+\.[0-9]+\.[0-9]+\ \(CAF\ 0\.17\.[0-9]+\)$ ]]
  run --separate-stderr "$AXIOM" --help
  [ "$status" -eq 0 ]
  [[ $output == *"Exit status:"* ]]
  run --separate-stderr "$AXIOM" run --help
  [ "$status" -eq 0 ]
  [[ $output == *"--progress"* ]]
}

# -- signals -------------------------------------------------------------------

# Takes many seconds to read, but no room on the disk.
make_long_work() {
  mkdir -p work
  local i
  for i in 1 2 3 4; do truncate -s 100G "work/$i"; done
  for i in {1..200}; do echo "$i" >"work/small-$i"; done
}

@test "an interrupt cancels in order and says what was done" {
  make_long_work
  run python3 "$drive" signal 0.5 SIGINT "$AXIOM" run "$config" \
    --progress none --set ROOT=work --set OUTPUT=out
  echo "$output"
  [[ $output == *"status=130 "* ]]
  [[ $output == *"axiom: stopped by SIGINT"* ]]
  [[ $output =~ cancelled\;\ done:\ ([0-9]+)\ of\ 204\ files, ]]
  local finished=${BASH_REMATCH[1]}
  [[ $output == *"not done: $((204 - finished)) files; its output was not written"* ]]
  [[ $output =~ digest:\ [0-9]+\ of\ [0-9]+\ tasks\ ended\ within ]]
  [ ! -e out ]
  [ -z "$(find . -name '.axiom*')" ]
  local elapsed=${output##*elapsed=}
  python3 -c "import sys; sys.exit(not 0.5 <= $elapsed < 2.5)"
}

@test "SIGTERM and SIGHUP end with their own status" {
  make_long_work
  run python3 "$drive" signal 0.3 SIGTERM "$AXIOM" run "$config" \
    --progress none --set ROOT=work
  [[ $output == *"stopped by SIGTERM"*"status=143 "* ]]
  run python3 "$drive" signal 0.3 SIGHUP "$AXIOM" run "$config" \
    --progress none --set ROOT=work
  [[ $output == *"stopped by SIGHUP"*"status=129 "* ]]
}

@test "an interrupt reaches a write that nobody reads" {
  # A moment's work whose output is more than a pipe holds.
  mkdir many
  (cd many && touch "a-rather-long-name-for-a-file-of-no-size-"{1..1500})
  mkfifo pipe
  # Opened, but never read from.
  sleep 30 <pipe 3>&- &
  local reader=$!
  run python3 "$drive" signal 2 SIGINT bash -c \
    "exec '$AXIOM' run '$config' --progress none --set ROOT=many >pipe"
  kill "$reader"
  echo "$output"
  [[ $output == *"digest: cancelled; "*"; its output is not complete"* ]]
  [[ $output == *"status=130 "* ]]
}

@test "a time limit reaches a write that nobody reads" {
  mkdir many
  (cd many && touch "a-rather-long-name-for-a-file-of-no-size-"{1..1500})
  cat >limited.yaml <<'EOF'
version: 1
tasks:
  - name: digest
    type: digest_tree
    with: { root: many }
    timeout: 2s
EOF
  mkfifo pipe
  sleep 30 <pipe 3>&- &
  local reader=$!
  run bash -c "exec '$AXIOM' run limited.yaml --progress none 2>&1 >pipe"
  kill "$reader"
  echo "$output"
  [ "$status" -eq 1 ]
  [[ $output == *"digest: deadline_exceeded: "*"did not end within 2 s"* ]]
}

@test "what does not end within its grace is named and left behind" {
  mkfifo nobody-reads
  run python3 "$drive" signal 0.5 SIGINT "$AXIOM" run "$config" \
    --progress none --set ROOT=/usr/include/linux --set OUTPUT=nobody-reads
  echo "$output"
  [[ $output == *"overdue: "*"output"* ]]
  [[ $output == *"status=130 "* ]]
  local elapsed=${output##*elapsed=}
  python3 -c "import sys; sys.exit(not 2.4 <= $elapsed < 5)"
}

@test "a second interrupt ends at once" {
  mkfifo nobody-reads
  run python3 "$drive" signal 0.5,0.3 SIGINT "$AXIOM" run "$config" \
    --progress none --set ROOT=/usr/include/linux --set OUTPUT=nobody-reads
  echo "$output"
  [[ $output == *"status=130 "* ]]
  local elapsed=${output##*elapsed=}
  python3 -c "import sys; sys.exit(not $elapsed < 1.8)"
}

# -- progress ------------------------------------------------------------------

@test "progress is lines without control characters when nobody watches" {
  run --separate-stderr "$AXIOM" run "$config" --set ROOT=/usr/include/linux
  [ "$status" -eq 0 ]
  [[ $stderr != *$'\e'* ]]
  [[ $stderr != *$'\r'* ]]
  [[ $stderr =~ axiom:\ [0-9,]+\ of\ [0-9,]+\ files, ]]
}

@test "progress none says nothing" {
  run --separate-stderr "$AXIOM" run "$config" --progress none \
    --set ROOT=/usr/include/linux
  [ "$status" -eq 0 ]
  [ -z "$stderr" ]
}

@test "progress is a bar that fits on a terminal" {
  mkdir work
  truncate -s 2G work/1 work/2
  run python3 "$drive" terminal 50 "$AXIOM" run "$config" --set ROOT=work
  echo "$output"
  [ "$status" -eq 0 ]
  [[ $output == *'\r\x1b[K'* ]]
  [[ $output == *'0 of 2 files'* ]]
  [[ $output == *'2 of 2 files'* ]]
  python3 - "$output" <<'EOF'
import ast, sys
drawn = ast.literal_eval(sys.argv[1].splitlines()[-1])
frames = drawn.split("\r\x1b[K")
assert len(frames) > 3, frames
assert all(len(frame) < 50 for frame in frames[1:-1]), frames
EOF
  run python3 "$drive" terminal 80 "$AXIOM" run "$config" --set ROOT=work \
    --progress plain
  [[ $output != *'\x1b'* ]]
}

# -- trying again ---------------------------------------------------------------

# A directory "$1" that cannot be listed to its end while what this prints is in
# it: that is too deep, its paths are too long for the system.
make_too_deep_tree() {
  local name
  name=$(printf 'd%.0s' {1..250})
  mkdir "$1"
  echo x >"$1/z"
  (
    cd "$1"
    for _ in {1..17}; do mkdir "$name" && cd "$name"; done
    echo unreachable >file
  )
  echo "$name"
}

# A digest of `tree` to `out`, with these lines more.
write_retrying() {
  cat >retry.yaml <<EOF
version: 1
tasks:
  - name: digest
    type: digest_tree
    with: { root: tree, output: out }
$1
EOF
}

@test "a task that fails is tried again until it succeeds" {
  local deep
  deep=$(make_too_deep_tree tree)
  write_retrying '    retry:
      attempts: 1000
      backoff: { shape: constant, initial: 20ms, jitter: 0 }'
  # The tree is mended as soon as an attempt has failed and another begun.
  begin_with_metrics retry.yaml --report report.json
  scrape_until '^axiom_retries_total [1-9]'
  mv "tree/$deep" mended
  wait "$pid"
  pid=
  cmp <(expected tree) out
  grep -q '^  digest: completed at attempt [0-9]' log
  grep -q '^      tree/d.*File name too long' log
  grep -q '^axiom_errors_total{code="concurrent_errors"} [1-9]' scraped
  grep -q '^axiom_retries_refused_total 0' scraped
  if command -v promtool >/dev/null; then
    [ -z "$(promtool check metrics <scraped 2>&1)" ]
  fi
  python3 - <<'EOF'
import json
report = json.load(open("report.json"))
task, = report["tasks"]
assert report["status"] == 0
assert task["state"] == "completed" and task["attempts"] >= 2, task
assert len(task["earlier"]["errors"]) == task["attempts"] - 1
assert task["progress"]["done"] == 1 and task["progress"]["failed"] == 0
assert "error" not in task
assert report["total"]["attempts"] == task["attempts"]
EOF
  find mended -delete
}

@test "a task that fails each time says what each attempt died of" {
  make_too_deep_tree tree
  write_retrying '    retry: { attempts: 3, backoff: { initial: 1ms } }'
  run --separate-stderr "$AXIOM" run retry.yaml --progress none \
    --report report.json
  [ "$status" -eq 1 ]
  [[ $stderr == *"    digest #3: 1 error"* ]]
  [[ $stderr == *"suppressed: digest: retries_exhausted: 'digest' failed 3 times"* ]]
  [[ $stderr == *"suppressed: digest #1: 1 error"* ]]
  [[ $stderr == *"suppressed: digest #2: 1 error"* ]]
  python3 - <<'EOF'
import json
report = json.load(open("report.json"))
task, = report["tasks"]
assert report["status"] == 1
assert task["state"] == "failed" and task["attempts"] == 3, task
last, = task["error"]["errors"]
assert last["task"] == "digest #3", last
names = [x["task"] for x in last["suppressed"]]
assert names == ["digest", "digest #1", "digest #2"], names
assert report["total"] == {"tasks": 1, "completed": 0, "failed": 1,
                           "cancelled": 0, "attempts": 3}
EOF
  find tree -delete
}

@test "a budget of the deployment ends the retries" {
  make_too_deep_tree tree
  write_retrying '    retry: { attempts: 9, backoff: { initial: 0s } }
retry_budget: { capacity: 2, per_success: 0 }'
  run --separate-stderr "$AXIOM" run retry.yaml --progress none
  [ "$status" -eq 1 ]
  [[ $stderr == *"'digest' failed 3 times within "*"the retry budget is used up"* ]]
  find tree -delete
}

@test "the shipped file with a retry is well and runs" {
  make_nasty_tree tree
  "$AXIOM" run "$AXIOM_SOURCE_DIR/config/retried.yaml" --progress none \
    --set ROOT=tree --set OUTPUT=out --report report.json
  cmp <(expected tree) out
  grep -q '"attempts":1,' report.json
}

@test "a retry that cannot be is refused before the work" {
  mkdir tree
  write_retrying '    timeout: 1s
    retry: { attempts: 0, attempt_timeout: 2s, backoff: { max: 1ms, jitter: 2 } }'
  run --separate-stderr "$AXIOM" run retry.yaml
  [ "$status" -eq 2 ]
  [[ $stderr == *"retry.yaml:7:24: tasks[0].retry.attempts: "* ]]
  [[ $stderr == *"retry.yaml:7:44: tasks[0].retry.attempt_timeout: "* ]]
  [[ $stderr == *"retry.yaml:7:64: tasks[0].retry.backoff.max: "* ]]
  [[ $stderr == *"retry.yaml:7:77: tasks[0].retry.backoff.jitter: "* ]]
  [ ! -e out ]
}

@test "a report that cannot be written is found before the work" {
  mkdir tree
  run --separate-stderr digest tree --report nowhere/report.json
  [ "$status" -eq 2 ]
  [[ $stderr == *'--report "nowhere/report.json": cannot be created: No such file'* ]]
  run --separate-stderr digest tree --report ''
  [ "$status" -eq 2 ]
  [[ $stderr == *'--report is empty'* ]]
}

# -- supervisors ---------------------------------------------------------------

@test "a supervisor that gives up fails the run with all its errors" {
  cat >bad.yaml <<'EOF'
version: 1
supervisors:
  - name: services
    children: [drill]
  - name: bad
    max_restarts: 1
    children:
      - { name: link, type: drill, with: { fail_every: 1, fail_text: no line } }
tasks:
  - { name: work, type: drill, with: { lifetime: 1h } }
EOF
  run --separate-stderr "$AXIOM" run bad.yaml --progress none \
    --report report.json
  echo "$stderr"
  [ "$status" -eq 1 ]
  [[ $stderr == *'work: cancelled'* ]]
  [[ $stderr == *'services: stopped; 1 start of a child, 0 restarts'* ]]
  [[ $stderr == *'axiom: 1 of 2 supervisors failed'* ]]
  [[ $stderr == *'bad: 3 errors'* ]]
  [[ $stderr == *'link #1: '*'no line'* ]]
  [[ $stderr == *'link #2: '*'no line'* ]]
  [[ $stderr == *'restarted more than 1 times within'* ]]
  python3 - <<'EOF'
import json
report = json.load(open("report.json"))
task, = report["tasks"]
assert report["status"] == 1 and task["state"] == "cancelled", report
services, bad = report["supervisors"]
assert services == {"name": "services", "state": "cancelled", "starts": 1,
                    "restarts": 0, "errors": 0}, services
assert bad["state"] == "failed" and bad["starts"] == 2, bad
assert bad["restarts"] == 1 and bad["errors"] == 2, bad
names = [x["task"] for x in bad["error"]["errors"]]
assert names == ["link #1", "link #2", "bad"], names
EOF
}

@test "supervisors end with the tasks, and well" {
  cat >good.yaml <<'EOF'
version: 1
supervisors:
  - { name: services, children: [drill] }
tasks:
  - { name: work, type: drill, with: { lifetime: 20ms, interval: 10ms } }
EOF
  run --separate-stderr "$AXIOM" run good.yaml --progress plain
  echo "$stderr"
  [ "$status" -eq 0 ]
  [[ $stderr == *'2 of 2 steps'*'; 1 start of a child, 0 restarts' ]]
  run "$AXIOM" check good.yaml
  [ "$output" = "good.yaml: well, 1 supervisor, 1 task" ]
}

@test "every mistake of a supervisor is shown at once" {
  cat >wrong.yaml <<'EOF'
version: 1
supervisors:
  - name: s
    backoff: { initial: 2s, max: 1s }
    children: [drll, { name: a, type: drill, significant: true }]
EOF
  run --separate-stderr "$AXIOM" check wrong.yaml
  echo "$stderr"
  [ "$status" -eq 2 ]
  [[ $stderr == *'wrong.yaml:4:34: supervisors[0].backoff.max: '* ]]
  [[ $stderr == *'wrong.yaml:5:16: supervisors[0].children[0].type: unknown'* ]]
  [[ $stderr == *'did you mean "drill"?'* ]]
  [[ $stderr == *'supervisors[0].children[1].significant: a permanent'* ]]
}

# -- metrics -------------------------------------------------------------------

@test "metrics can be scraped while the work runs and promtool has no remarks" {
  make_long_work
  begin_with_metrics "$config" --set ROOT=work
  scrape_until '^axiom_tasks_created_total [1-9]' \
    '^axiom_tasks_finished_total{outcome="completed"} [1-9]' \
    '^axiom_tasks_active [1-9]'
  end_with_metrics
  grep -q '^axiom_cancellation_seconds_bucket{le="+Inf"} 0' scraped
  # CAF's own policies count nothing.
  if grep -q '^  scheduler: axiom' "$config"; then
    grep -q '^axiom_scheduler_workers{state="running"} [0-9]' scraped
    grep -q '^axiom_scheduler_jobs_total [1-9]' scraped
    grep -q '^axiom_scheduler_steals_total [0-9]' scraped
    grep -q '^axiom_scheduler_parks_total [0-9]' scraped
    grep -q '^axiom_scheduler_busy_seconds_total [0-9]' scraped
    grep -q '^axiom_scheduler_queued_jobs{level="medium"} [0-9]' scraped
  else
    [ "$(grep -c '^axiom_scheduler_' scraped)" -eq 0 ]
  fi
  grep -q '^process_threads [1-9]' scraped
}

@test "a limiter that two tasks share shows at the endpoint" {
  make_long_work
  begin_with_metrics "$AXIOM_SOURCE_DIR/config/shared_limit.yaml" \
    --set FIRST=work --set SECOND=work
  scrape_until '^axiom_limiter_permits{limiter="files",state="in_use"} 4' \
    '^axiom_limiter_waiting{limiter="files"} [1-9]'
  end_with_metrics
  grep -q '^axiom_limiter_permits{limiter="files",state="limit"} 4' scraped
}

@test "a resource that two tasks share shows at the endpoint" {
  make_long_work
  begin_with_metrics "$AXIOM_SOURCE_DIR/config/shared_resources.yaml" \
    --set FIRST=work --set SECOND=work
  scrape_until '^axiom_resource_units{resource="disk",state="in_use"} 1' \
    '^axiom_resource_waiting{resource="disk"} 1'
  end_with_metrics
  grep -q '^axiom_resource_units{resource="disk",state="capacity"} 1' scraped
  grep -q '^axiom_resource_units{resource="memory",state="in_use"} 16777216' \
    scraped
}

@test "memory pressure and pools show at the endpoint" {
  make_long_work
  begin_with_metrics "$AXIOM_SOURCE_DIR/config/short_memory.yaml" \
    --set FIRST=work --set SECOND=work
  scrape_until '^axiom_memory_pressure_readings_total [1-9]' \
    '^axiom_pool_objects{pool="blocks 262144",state="in_use"} [1-9]'
  end_with_metrics
  grep -q '^axiom_memory_pressure_level [0-2]' scraped
}

@test "restarts of supervised workers show at the endpoint" {
  begin_with_metrics "$AXIOM_SOURCE_DIR/config/supervised.yaml" \
    --set PACE=10ms --set TAIL=300ms
  scrape_until '^axiom_supervisor_restarts_total{supervisor="ingest"} [1-9]' \
    '^axiom_supervisor_restarts_total{supervisor="links"} [1-9]' \
    '^axiom_supervisor_child_errors_total{supervisor="links"} [1-9]' \
    '^axiom_supervisor_children{supervisor="reports",state="active"} 1' \
    '^axiom_errors_total{code="[a-z_]*"} [1-9]'
  end_with_metrics
  grep -q '^axiom_supervisor_restarts_total{supervisor="reports"} 0' scraped
  grep -q '^axiom_supervisor_starts_total{supervisor="links"} [1-9]' scraped
  grep -q '^axiom: stopped by SIGTERM$' log
  grep -q '^  ingest: stopped; [1-9][0-9,]* starts of children, ' log
  grep -q '^  reports: stopped; 1 start of a child, 0 restarts$' log
}

@test "the counters of a supervisor that is started again never go back" {
  begin_with_metrics "$AXIOM_SOURCE_DIR/config/supervised.yaml" \
    --set PACE=10ms --set TAIL=300ms
  # Each restart that `ingest` makes takes `links` down with `tail`, and starts it
  # again.
  python3 - "$url" <<'EOF'
import re, sys, time, urllib.request
def total(of, supervisor):
    return of.get(
        'axiom_supervisor_restarts_total{supervisor="%s"}' % supervisor, 0)

seen = {}
enough = None
for _ in range(600):
    text = urllib.request.urlopen(sys.argv[1]).read().decode()
    open("scraped", "w").write(text)
    now = {line: float(value) for line, value in re.findall(
        r"^(axiom_supervisor_\w+_total\{.*\}) (\S+)$", text, re.M)}
    for line, value in now.items():
        assert value >= seen.get(line, 0), f"{line}: {seen[line]}, then {value}"
    seen.update(now)
    if enough is None and total(now, "links") > 0:
        enough = total(now, "ingest") + 4
    if enough is not None and total(now, "ingest") >= enough:
        break
    time.sleep(0.02)
else:
    sys.exit("too few restarts: " + text)
EOF
  end_with_metrics
}

@test "a digest with the buffers of a pool is the same" {
  mkdir tree
  for i in {1..200}; do head -c $((i * 9973)) /dev/zero >"tree/$i"; done
  cat >pooled.yaml <<'EOF'
version: 1
pools:
  blocks: { smallest: 64KiB, largest: 256KiB, budget: 512KiB }
tasks:
  - name: first
    type: digest_tree
    with: { root: tree, output: first, buffer: 256KiB }
    pool: blocks
  - name: second
    type: digest_tree
    with: { root: tree, output: second, buffer: 64KiB }
    pool: blocks
EOF
  "$AXIOM" run pooled.yaml --progress none
  cmp <(expected tree) first
  cmp <(expected tree) second
}

@test "tasks that share a resource do their work one after the other" {
  mkdir tree
  for i in {1..20}; do echo "$i" >"tree/$i"; done
  "$AXIOM" run "$AXIOM_SOURCE_DIR/config/shared_resources.yaml" \
    --progress none --set FIRST=tree --set SECOND=tree \
    --set SECOND_OUTPUT=second >first
  cmp <(expected tree) first
  cmp <(expected tree) second
}

@test "an address in use is said so and ends with 2" {
  python3 -c "
import socket, time
s = socket.socket()
s.bind(('127.0.0.1', 0))
s.listen()
print(s.getsockname()[1], flush=True)
time.sleep(20)" >port 3>&- &
  local holder=$!
  while [ ! -s port ]; do sleep 0.05; done
  run --separate-stderr digest /usr/include/linux \
    --metrics "127.0.0.1:$(cat port)"
  kill "$holder"
  [ "$status" -eq 2 ]
  [ -z "$output" ]
  [[ $stderr == *"address in use: 127.0.0.1:$(cat port)"* ]]
}
