/* Which thread drives the multi handle, as in src/transport_curl (curl_driver,
 * curl_transport): callers that wait, the transport's own thread, and requests of threads
 * that do not wait.  Whatever they do, no request is left in the queue and no transfer
 * without a driver: `timeout` is where nothing goes on by itself.  Sockets say nothing
 * unless somebody listens to them.
 *
 * Compile-time: STOPS (may the transport end at any moment?).  LOSE=1..5 leaves one step
 * out: run.sh shows that each of these is found. */
#ifndef LOSE
#define LOSE 0
#endif

#define CALLERS 2
#ifdef STOPS
#define VISITS 1 /* of each */
#else
#define VISITS 2
#endif

/* Under the transport's monitor, whose sections are the atomic steps */
bool driven, called, ticks, busy, queue, stopping;
byte left;
bool asleep; /* the own thread, on the condition */

bool listens, wake_fd; /* the driver's */
bool transfers;        /* there is a transfer on the multi handle; the driver's */

#define wake_one() asleep = false

/* wsd_curl_driver_tell_locked(), and what its callers do behind the monitor; it begins
 * and ends with the monitor. */
inline tell() {
    atomic {
        if
        :: !driven -> called = (LOSE != 1)
        :: else
        fi;
        signals = listens;
        listens = false
    };
    wake_one();
    if
    :: signals && LOSE != 2 -> wake_fd = true
    :: else
    fi
}

/* transport_work(): a request may begin a transfer or end it. */
inline work() {
    atomic {
        if
        :: queue ->
            queue = false;
            if
            :: transfers = true
            :: transfers = false
            fi
        :: else
        fi
    }
}

/* transport_listen(); a socket may have news of a transfer, which may be its end. */
inline listen() {
    atomic { listens = !queue || LOSE == 3; looks = !listens };
    if
    :: stopping -> goes_on = false
    :: !stopping && looks
    :: !stopping && wake_fd -> wake_fd = false
    :: !stopping && transfers && news > 0 ->
        news--;
        if
        :: transfers = false
        :: skip
        fi
    fi;
    listens = false
}

byte news = 2;

/* wsd_curl_driver_give_locked() */
inline give(pressing) {
    atomic {
        driven = false;
        busy = transfers;
        left = (left + 1) % 8;
        wakes = false;
        if
        :: pressing || queue || stopping -> called = true; wakes = true
        :: else ->
            if
            :: busy && !ticks -> wakes = (LOSE != 4)
            :: else
            fi
        fi
    };
    if
    :: wakes -> wake_one()
    :: else
    fi
}

/* wsd_curl_transport_drive() and _request() */
proctype Caller() {
    bool signals, goes_on, looks, wakes, taken;
    byte visit;

    for (visit : 1 .. VISITS) {
        if
        :: atomic { queue = true }; /* a request that nobody waits for */
            tell()
        :: atomic {
                if
                :: queue = true
                :: skip
                fi;
                taken = !stopping && !driven;
                if
                :: taken -> called = false; driven = true
                :: else
                fi
            };
            if
            :: !taken -> tell()
            :: else ->
                goes_on = true;
                do
                :: goes_on ->
                    work();
                    if
                    :: break /* the wait is over */
                    :: listen()
                    fi
                :: else -> break
                od;
                give(false)
            fi
        fi
    }
}

/* transport_run() */
proctype Own() {
    bool goes_on = true, looks, wakes, sees, passed;
    byte seen;

    do
    :: goes_on ->
        do
        :: atomic { called -> called = false; assert(!driven); driven = true }; break
        :: atomic {
                !called;
                seen = left;
                if
                :: !driven && LOSE != 5 -> ticks = busy
                :: else
                fi;
                sees = ticks;
                passed = false;
                asleep = true
            };
            if
            :: !asleep
            :: atomic { asleep && sees -> asleep = false; passed = true }
            fi;
            atomic {
                if
                :: passed && left == seen ->
                    ticks = false;
                    if
                    :: busy && !driven -> called = true
                    :: else
                    fi
                :: else
                fi
            }
        od;
        do
        :: work();
            if
            :: transfers -> listen()
            :: else -> break
            fi;
            if
            :: !goes_on -> break
            :: else
            fi
        od;
        if
        :: goes_on && !stopping -> give(false)
        :: else -> break
        fi
    :: else -> break
    od
}

init {
    bool signals;
    byte caller;

    atomic {
        run Own();
        for (caller : 1 .. CALLERS) {
            run Caller()
        }
    };
#ifndef STOPS
    timeout;
    assert(!queue && (driven || !transfers));
#endif
    atomic { stopping = true };
    tell()
}
