/* One attachment from two writers to the network: ring, monitor, turns and wake-ups, as in
 * src/attachment (outbound_attachment, channel, waiting) and src/transport_curl
 * (curl_transport, curl_transfer).  No timers: whoever is not woken sleeps for ever, which
 * spin reports as an invalid end state.  Only a puller that was told to look again does so,
 * at any time.
 *
 * Compile-time: RING, TOTAL (bytes of each writer), ABORTS, FAILS (may the application
 * abort, or the peer go, at any moment?).  LOSE=1..4 leaves one wake-up out: run.sh shows
 * that each of these is found. */
#ifndef RING
#define RING 1
#endif
#ifndef TOTAL
#define TOTAL 2
#endif
#ifndef LOSE
#define LOSE 0
#endif

mtype = { BOUND, OPEN, CLOSING, CLOSED, ABORTED, FAILED };
mtype = { BUSY, LOOKS_AGAIN, WAITS }; /* what the puller was told */

/* The attachment's, under its monitor */
bool lock;
mtype state = BOUND;
byte used, copying, written, pulled, writers_done;
bool dropped, gave, turn_taken, sent, write_called;
mtype puller = BUSY;
byte asleep, generation; /* of broadcasts */

bool paused; /* the I/O thread's: libcurl was told that there is nothing now */

/* The transport's, under its own */
bool wants_start, wants_wake, wants_abort, queued, wake_fd;

#define ended (state == CLOSED || state == ABORTED || state == FAILED)

inline enter() { atomic { !lock -> lock = true } }
inline leave() { lock = false }

/* wsd_waiting_wake_locked */
inline wake_sleepers() {
    if
    :: asleep > 0 -> generation = (generation + 1) % 8
    :: else
    fi
}

/* wsd_waiting_sleep_locked: leaves the monitor and sleeps in one step, as a condition does */
inline sleep() {
    atomic { asleep++; mine = generation; lock = false };
    atomic { generation != mine && !lock -> lock = true; asleep-- }
}

inline set_state(next) {
    state = next;
    if
    :: ended -> dropped = true
    :: else
    fi;
    if
    :: ended || next == OPEN -> wake_sleepers()
    :: else
    fi
}

/* wsd_curl_transport_request */
inline request(what) {
    atomic {
        what = true;
        if
        :: !queued ->
            queued = true;
            if
            :: LOSE != 1 || !paused -> wake_fd = true
            :: else
            fi
        :: else
        fi
    }
}



/* outbound_wake_puller_locked: calls its host outside the monitor */
inline wake_puller() {
    if
    :: puller != BUSY ->
        puller = BUSY;
        leave();
        request(wants_wake);
        enter()
    :: else
    fi
}

#define much (used > RING / 2)

/* outbound_fill_locked: little is for the puller's own look */
inline wake_puller_for_bytes() {
    if
    :: puller == WAITS || much -> wake_puller()
    :: else
    fi
}

inline take_turn() {
    do
    :: ended || !turn_taken -> break
    :: else -> sleep()
    od;
    if
    :: !ended -> turn_taken = true; has_turn = true
    :: else -> has_turn = false
    fi
}

inline give_turn() {
    turn_taken = false;
    if
    :: LOSE != 2 -> wake_sleepers()
    :: else
    fi
}

/* outbound_write_in_turn_locked */
inline write_all() {
    do
    :: ended -> break
    :: !ended && state == OPEN && left > 0 && used < RING ->
        moved = (left < RING - used -> left : RING - used);
        copying++;
        leave();
        enter();
        copying--;
        if
        :: !dropped ->
            used = used + moved;
            left = left - moved;
            written = written + moved;
            wake_puller_for_bytes()
        :: else
        fi
    :: !ended && left == 0 -> break
    :: !ended && state == BOUND && !start_asked ->
        start_asked = true;
        leave();
        request(wants_start);
        enter()
    :: !ended && left > 0 && (state == OPEN && used == RING || state == BOUND && start_asked) ->
        sleep()
    od
}

proctype Writer() {
    byte left = TOTAL, moved, mine;
    bool start_asked, has_turn, closes;

    enter();
    write_called = true;
    take_turn();
    if
    :: has_turn -> write_all(); give_turn()
    :: else
    fi;
    writers_done++;
    closes = (writers_done == 2);
    leave();

    /* The last one closes, and waits until all is out. */
    if
    :: closes ->
        enter();
        take_turn();
        if
        :: has_turn ->
            if
            :: state == OPEN ->
                set_state(CLOSING);
                if
                :: LOSE != 3 -> wake_puller()
                :: else
                fi
            :: else
            fi;
            give_turn();
            do
            :: state == CLOSING && !sent -> sleep()
            :: else -> break
            od;
            if
            :: state == CLOSING && sent -> set_state(CLOSED)
            :: else
            fi
        :: else
        fi;
        leave()
    :: else
    fi
}

proctype Io() {
    byte moved;
    bool started, all_pulled, told_nothing, looks, hurry, holds_back;
    mtype told;
    bool take_start, take_wake, take_abort;

    do
    ::  /* wsd_poller_wait: the socket is ready whenever libcurl wants to send */
        (wake_fd || (started && !paused) || looks);
        wake_fd = false;
        if
        :: looks -> looks = false; hurry = true; paused = false
        :: looks /* not yet */
        :: else
        fi;
        /* transport_serve */
        atomic {
            take_start = wants_start; wants_start = false;
            take_wake = wants_wake; wants_wake = false;
            take_abort = wants_abort; wants_abort = false;
            queued = false
        };
        if
        :: take_abort -> break
        :: else
        fi;
        if
        :: take_start -> started = true
        :: else
        fi;
        if
        :: take_wake && paused -> paused = false
        :: else
        fi;
#ifdef FAILS
        if
        :: true /* the peer lives */
        :: started -> break /* it has gone */
        fi;
#endif
        if
        :: started && !paused ->
            /* outbound_pull */
            enter();
            if
            :: state == BOUND -> set_state(OPEN); gave = true
            :: else
            fi;
            moved = 0;
            told = puller;
            puller = BUSY;
            holds_back = (gave || told == LOOKS_AGAIN) && state == OPEN && !much && !hurry;
            gave = false;
            hurry = false;
            if
            :: used > 0 && !dropped && !holds_back ->
                if
                :: moved = used
                :: moved = 1 /* libcurl's buffer is full */
                fi;
                copying++;
                leave();
                enter();
                copying--;
                if
                :: dropped -> moved = 0
                :: else -> used = used - moved; pulled = pulled + moved; gave = true
                fi
            :: else
            fi;
            if
            :: ended -> leave(); break
            :: !ended && !holds_back && moved == 0 && state == CLOSING -> all_pulled = true; dropped = true
            :: !ended && holds_back ->
                puller = LOOKS_AGAIN;
                looks = true;
                told_nothing = true
            :: !ended && !holds_back && moved == 0 && state != CLOSING ->
                puller = WAITS;
                told_nothing = true
            :: !ended && moved > 0 ->
                if
                :: used <= RING / 2 && LOSE != 4 -> wake_sleepers()
                :: else
                fi
            fi;
            leave();
            if
            :: told_nothing -> told_nothing = false; paused = true
            :: else
            fi;
            if
            :: all_pulled ->
                enter(); /* outbound_sent */
                assert(pulled == written);
                assert(pulled == 2 * TOTAL);
                sent = true;
                wake_sleepers();
                leave();
                break
            :: else
            fi
        :: else
        fi
    od;
    /* The transfer is done: what has not ended fails. */
    enter();
    if
    :: !ended && !sent -> set_state(FAILED)
    :: else
    fi;
    leave()
}

#ifdef ABORTS
proctype Aborter() {
    enter();
    if
    :: write_called && !ended ->
        set_state(ABORTED);
        leave();
        request(wants_abort)
    :: else -> leave()
    fi
}
#endif

init {
    atomic {
        run Writer();
        run Writer();
        run Io();
#ifdef ABORTS
        run Aborter()
#endif
    }
}
