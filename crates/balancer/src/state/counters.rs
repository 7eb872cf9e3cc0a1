//! Counters that one worker writes and any thread reads.

use std::sync::atomic::{AtomicU64, Ordering};

/// A counter that one worker writes and any thread reads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds; only the owning worker may call it.
    pub fn add(&self, amount: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(amount),
            Ordering::Relaxed,
        );
    }

    /// Takes away; only the owning worker may call it. For gauges such as current sessions.
    pub fn subtract(&self, amount: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_sub(amount),
            Ordering::Relaxed,
        );
    }

    /// Raises to at least `value`; only the owning worker may call it.
    pub fn raise_to(&self, value: u64) {
        if value > self.0.load(Ordering::Relaxed) {
            self.0.store(value, Ordering::Relaxed);
        }
    }

    /// Replaces the value; only the owning worker may call it.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The value.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Back to zero (`clear counters`); an addition at the same moment may be lost.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// Counters that can be added up over workers.
pub trait Total {
    /// The same fields as plain numbers.
    type Sum: Default;

    /// Adds this copy.
    fn add_to(&self, sum: &mut Self::Sum);
}

/// Declares a struct of counters and its twin of plain numbers.
macro_rules! counters {
    (
        $(#[$about:meta])* $name:ident,
        $(#[$sum_about:meta])* $sum:ident,
        { $($(#[$field_about:meta])* $field:ident),* $(,)? }
    ) => {
        $(#[$about])*
        #[derive(Debug, Default)]
        pub struct $name { $($(#[$field_about])* pub $field: Counter,)* }

        $(#[$sum_about])*
        #[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
        pub struct $sum { $($(#[$field_about])* pub $field: u64,)* }

        impl Total for $name {
            type Sum = $sum;

            fn add_to(&self, sum: &mut $sum) {
                $(sum.$field = sum.$field.wrapping_add(self.$field.read());)*
            }
        }

        impl $name {
            /// Visits every counter.
            pub fn for_each(&self, mut visit: impl FnMut(&Counter)) {
                $(visit(&self.$field);)*
            }
        }
    };
}

counters! {
    /// What one worker counts for one listener, frontend, backend or server. Names in brackets are
    /// the columns of `show stat` (management.txt, 9.1).
    TrafficCounters,
    /// [`TrafficCounters`] of all workers. Maxima are sums of the workers' maxima, an upper bound
    /// with more than one worker.
    TrafficTotals,
    {
        /// Sessions now (scur).
        sessions,
        /// Most sessions at once on this worker (smax).
        sessions_max,
        /// Sessions ever (stot).
        sessions_total,
        /// Connections ever (conn_tot).
        connections_total,
        /// Waiting in the queue now (qcur).
        queued,
        /// Most waiting at once (qmax).
        queued_max,
        /// Bytes from clients (bin).
        bytes_in,
        /// Bytes to clients (bout).
        bytes_out,
        /// Requests refused by a rule (dreq).
        denied_requests,
        /// Responses refused by a rule (dresp).
        denied_responses,
        /// Bad requests (ereq).
        request_errors,
        /// Failed connections to servers (econ).
        connection_errors,
        /// Bad responses (eresp).
        response_errors,
        /// Retries (wretr).
        retries,
        /// Redispatches (wredis).
        redispatches,
        /// Times a server was chosen by balancing (lbtot).
        chosen,
        /// Requests (req_tot).
        requests,
        /// Responses with status 1xx (hrsp_1xx).
        responses_1xx,
        /// Responses with status 2xx (hrsp_2xx).
        responses_2xx,
        /// Responses with status 3xx (hrsp_3xx).
        responses_3xx,
        /// Responses with status 4xx (hrsp_4xx).
        responses_4xx,
        /// Responses with status 5xx (hrsp_5xx).
        responses_5xx,
        /// Responses with another status, and requests without one (hrsp_other).
        responses_other,
        /// Aborts by the client (cli_abrt).
        client_aborts,
        /// Aborts by the server (srv_abrt).
        server_aborts,
        /// Connections to servers opened (connect).
        connects,
        /// Connections to servers reused (reuse).
        reuses,
        /// Idle connections to servers now (idle_conn_cur).
        idle_connections,
        /// Requests that the proxy answered itself (intercepted).
        intercepted,
        /// Milliseconds in the queue, over all sessions (for qtime).
        queue_time_ms,
        /// Milliseconds to connect, over all sessions (for ctime).
        connect_time_ms,
        /// Milliseconds to the response's head, over all sessions (for rtime).
        response_time_ms,
        /// Milliseconds of whole sessions (for ttime).
        total_time_ms,
    }
}

impl TrafficCounters {
    /// Clears what counts events and maxima (`clear counters all`). Counts of the moment stay: their
    /// owner still has to take away what it added.
    pub fn clear_events(&self) {
        let kept = [&self.sessions, &self.queued, &self.idle_connections];
        self.for_each(|counter| {
            if !kept.iter().any(|gauge| std::ptr::eq(*gauge, counter)) {
                counter.clear();
            }
        });
    }

    /// Counts a response by its status class.
    pub fn count_response(&self, status: u16) {
        match status / 100 {
            1 => &self.responses_1xx,
            2 => &self.responses_2xx,
            3 => &self.responses_3xx,
            4 => &self.responses_4xx,
            5 => &self.responses_5xx,
            _ => &self.responses_other,
        }
        .add(1);
    }

    /// A session begins.
    pub fn session_begins(&self) {
        self.sessions.add(1);
        self.sessions_max.raise_to(self.sessions.read());
        self.sessions_total.add(1);
    }

    /// A session ends.
    pub fn session_ends(&self) {
        self.sessions.subtract(1);
    }
}

counters! {
    /// What one worker counts for the whole process (`show info`).
    ProcessCounters,
    /// [`ProcessCounters`] of all workers.
    ProcessTotals,
    {
        /// Client connections now (CurrConns).
        connections,
        /// Most client connections at once on this worker (MaxConn reached).
        connections_max,
        /// Client connections ever (CumConns).
        connections_total,
        /// Requests ever (CumReq).
        requests_total,
        /// TLS connections now (CurrSslConns).
        tls_connections,
        /// TLS connections ever (CumSslConns).
        tls_connections_total,
        /// Bytes to clients (BytesOutTotal).
        bytes_out,
        /// Rounds of the worker's loop that said "alive".
        heartbeats,
    }
}
