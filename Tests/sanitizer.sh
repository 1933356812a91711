# Sourced by Tests/run for `--sanitize NAME`: everything of ours is built with that sanitizer, in a folder of its own,
# and whatever it reports while the tests run is kept there.

case "$sanitizer" in
    address | thread) ;;
    *) echo "usage: Tests/run --sanitize address|thread [pytest arguments]" >&2; exit 2 ;;
esac
scratch=$PWD/.build/$sanitizer
reports=$scratch/reports
rm -rf "$reports" && mkdir -p "$reports"
options=(--sanitize="$sanitizer" --scratch-path "$scratch" -Xswiftc -Xcc -Xswiftc -DTRUNKLINE_SANITIZED)
configuration=debug
if [ "$sanitizer" = thread ]; then
    # Swift 6.3 marks accesses for this sanitizer by a bitcast from an integer to a pointer, in swift-collections at least.
    # LLVM's verifier calls that a broken module; what is generated from it is sound, so only the verifier is left out.
    options+=(-Xswiftc -Xfrontend -Xswiftc -disable-llvm-verify)
    configuration=release
    # And what the standard library does with a contended Mutex is told to it by these.
    clang -O2 -c Tests/Support/ThreadSanitizer/mutex.c -o "$scratch/mutex.o" || exit 2
    options+=(-Xlinker "$scratch/mutex.o")
fi
# A report goes to a file each process has of its own, so that none is lost in the output of a test that passes.
export ASAN_OPTIONS=detect_leaks=0:log_path=$reports/report TSAN_OPTIONS=log_path=$reports/report:suppressions=$PWD/Tests/Support/ThreadSanitizer/suppressions
export TRUNKLINE_BIN=$scratch/$configuration/trunkline TRUNKLINE_SANITIZER=$sanitizer

count_sanitizer_reports() {
    local file
    step "reports of the $sanitizer sanitizer"
    for file in "$reports"/*; do
        [ -e "$file" ] || { count "no report" 0; return; }
        head -n 60 "$file"
        count "$file" 1
    done
}
