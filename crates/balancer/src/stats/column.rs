//! The columns of `show stat` (management.txt, 9.1), in HAProxy's order.

/// Declares the columns: name in Rust, name in the CSV, and the tags of the typed output (origin,
/// nature, scope; management.txt, 9.2).
macro_rules! columns {
    ($($variant:ident $name:literal $tags:literal,)*) => {
        /// A column of `show stat`, by its name in the CSV.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Column { $($variant,)* }

        impl Column {
            /// Every column, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in the CSV.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Origin, nature and scope as three letters.
            #[must_use]
            pub const fn tags(self) -> &'static str {
                match self { $(Self::$variant => $tags,)* }
            }
        }
    };
}

columns! {
    ProxyName "pxname" "KNS", ServiceName "svname" "KNS",
    QueuedNow "qcur" "MGP", QueuedMax "qmax" "MMP",
    SessionsNow "scur" "MGP", SessionsMax "smax" "MMP", SessionsLimit "slim" "CLP",
    SessionsTotal "stot" "MCP", BytesIn "bin" "MCP", BytesOut "bout" "MCP",
    DeniedRequests "dreq" "MCP", DeniedResponses "dresp" "MCP", RequestErrors "ereq" "MCP",
    ConnectionErrors "econ" "MCP", ResponseErrors "eresp" "MCP",
    Retries "wretr" "MCP", Redispatches "wredis" "MCP",
    Status "status" "SGP", Weight "weight" "MaP", Active "act" "SGP", Backup "bck" "SGP",
    ChecksFailed "chkfail" "MCP", WentDown "chkdown" "MCP", LastChange "lastchg" "MAP",
    Downtime "downtime" "MCP", QueueLimit "qlimit" "CLS",
    Process "pid" "KGP", ProxyId "iid" "KGS", ServiceId "sid" "KGS", Throttle "throttle" "MaP",
    Chosen "lbtot" "MCP", Tracked "tracked" "CNS", Type "type" "CGS",
    SessionRate "rate" "MRP", SessionRateLimit "rate_lim" "CLP", SessionRateMax "rate_max" "MMP",
    CheckStatus "check_status" "MOP", CheckCode "check_code" "MOP",
    CheckDuration "check_duration" "MDP",
    Responses1xx "hrsp_1xx" "MCP", Responses2xx "hrsp_2xx" "MCP", Responses3xx "hrsp_3xx" "MCP",
    Responses4xx "hrsp_4xx" "MCP", Responses5xx "hrsp_5xx" "MCP", ResponsesOther "hrsp_other" "MCP",
    AnalysisFailed "hanafail" "MCP", RequestRate "req_rate" "MRP", RequestRateMax "req_rate_max" "MMP",
    Requests "req_tot" "MCP", ClientAborts "cli_abrt" "MCP", ServerAborts "srv_abrt" "MCP",
    CompressedIn "comp_in" "MCP", CompressedOut "comp_out" "MCP", CompressedBypass "comp_byp" "MCP",
    CompressedResponses "comp_rsp" "MCP", LastSession "lastsess" "MAP",
    LastCheck "last_chk" "MOP", LastAgent "last_agt" "MOP",
    QueueTime "qtime" "MaP", ConnectTime "ctime" "MaP", ResponseTime "rtime" "MaP",
    TotalTime "ttime" "MaP",
    AgentStatus "agent_status" "MOP", AgentCode "agent_code" "MOP",
    AgentDuration "agent_duration" "MDP", CheckDescription "check_desc" "MOP",
    AgentDescription "agent_desc" "MOP", CheckRise "check_rise" "CGS", CheckFall "check_fall" "CGS",
    CheckHealth "check_health" "SGP", AgentRise "agent_rise" "CGS", AgentFall "agent_fall" "CGS",
    AgentHealth "agent_health" "SGP", Address "addr" "CNS", Cookie "cookie" "CNS", Mode "mode" "CGS",
    Algorithm "algo" "CGS", ConnectionRate "conn_rate" "MRP", ConnectionRateMax "conn_rate_max" "MMP",
    Connections "conn_tot" "MCP", Intercepted "intercepted" "MCP",
    DeniedConnections "dcon" "MCP", DeniedSessions "dses" "MCP", RewriteFailures "wrew" "MCP",
    Connects "connect" "MCP", Reuses "reuse" "MCP", CacheLookups "cache_lookups" "MCP",
    CacheHits "cache_hits" "MCP", IdleNow "srv_icur" "MGP", IdleLimit "src_ilim" "CLP",
    QueueTimeMax "qtime_max" "MMP", ConnectTimeMax "ctime_max" "MMP",
    ResponseTimeMax "rtime_max" "MMP", TotalTimeMax "ttime_max" "MMP",
    InternalErrors "eint" "MCP", UnsafeIdle "idle_conn_cur" "MGP", SafeIdle "safe_conn_cur" "MGP",
    Used "used_conn_cur" "MGP", Needed "need_conn_est" "MGP", UserWeight "uweight" "MaP",
    AggregatedStatus "agg_server_status" "MGP",
    AggregatedCheckStatusOld "agg_server_check_status" "MGP",
    AggregatedCheckStatus "agg_check_status" "MGP", Revision "srid" "KGS",
    SessionsOther "sess_other" "MCP", SessionsHttp1 "h1sess" "MCP", SessionsHttp2 "h2sess" "MCP",
    SessionsHttp3 "h3sess" "MCP", RequestsOther "req_other" "MCP", RequestsHttp1 "h1req" "MCP",
    RequestsHttp2 "h2req" "MCP", RequestsHttp3 "h3req" "MCP", Protocol "proto" "KOS",
    PrivateIdle "priv_idle_cur" "MGP", RequestBytesIn "reqbin" "MCP", RequestBytesOut "reqbout" "MCP",
    ResponseBytesIn "resbin" "MCP", ResponseBytesOut "resbout" "MCP",
    CacheHintHits "cache_hint_hits" "MCP",
}
