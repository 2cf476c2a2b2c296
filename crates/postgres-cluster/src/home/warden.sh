# Waits until its input is closed, then ends every process that works in the folder $1 or in its data folder, and removes it.
folder=$1
trap '' HUP INT QUIT TERM
while read -r line; do :; done

# Prints the processes that are left.
left() {
    for work in /proc/[0-9]*/cwd; do
        if [ "$work" -ef "$folder" ] || [ "$work" -ef "$folder/data" ]; then
            process=${work#/proc/}
            echo "${process%/cwd}"
        fi
    done
}

# PostgreSQL takes QUIT for "end at once"; a frozen process must go on to see it.
processes=$(left)
if [ -n "$processes" ]; then
    kill -QUIT $processes
    kill -CONT $processes
fi
tries=0
while processes=$(left) && [ -n "$processes" ] && [ $tries -lt 50 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
if [ -n "$processes" ]; then
    kill -KILL $processes
fi

# A server that was killed has left its lock file, whose seventh line names its segment of System V shared memory.
if [ -f "$folder/data/postmaster.pid" ] && segment=$(sed -n '7s/^ *[0-9]* *//p' "$folder/data/postmaster.pid"); then
    [ -z "$segment" ] || ipcrm -m "$segment"
fi
rm -rf -- "$folder"
