//! A Redis, one of its logical databases, and what stands in it.

use redis::{
    AsyncCommands, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo,
    aio::MultiplexedConnection,
};

/// Where a Redis is.
#[derive(Debug, Clone)]
pub struct Redis {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The password.
    pub password: Option<String>,
    /// The logical database.
    pub database: i64,
}

impl Redis {
    /// Opens a connection.
    ///
    /// # Panics
    /// When Redis does not answer.
    pub async fn connect(&self) -> MultiplexedConnection {
        let settings = RedisConnectionInfo::default().set_db(self.database);
        let settings = match &self.password {
            Some(password) => settings.set_password(password),
            None => settings,
        };
        let address = ConnectionAddr::Tcp(self.host.clone(), self.port);
        let info: ConnectionInfo = address
            .into_connection_info()
            .expect("an address")
            .set_redis_settings(settings);
        let client = Client::open(info).expect("the address of Redis can be read");
        client
            .get_multiplexed_async_connection()
            .await
            .expect("Redis answers")
    }

    /// Empties the logical database.
    pub async fn flush(&self) {
        let () = redis::cmd("FLUSHDB")
            .query_async(&mut self.connect().await)
            .await
            .expect("Redis flushes");
    }

    /// Gives everything that stands in the logical database, as text.
    pub async fn dump(&self) -> String {
        let mut connection = self.connect().await;
        let keys: Vec<String> = connection.keys("*").await.expect("Redis lists its keys");
        let mut dump = String::new();
        for key in keys {
            let kind: String = redis::cmd("TYPE")
                .arg(&key)
                .query_async(&mut connection)
                .await
                .expect("a key has a type");
            let values: Vec<String> = match kind.as_str() {
                "string" => connection.get(&key).await.map(|value| vec![value]),
                "hash" => connection.hgetall(&key).await,
                "list" => connection.lrange(&key, 0, -1).await,
                "set" => connection.smembers(&key).await,
                "zset" => connection.zrange(&key, 0, -1).await,
                other => panic!("{key} is a {other}"),
            }
            .expect("a key can be read");
            dump.push_str(&format!("{key} {}\n", values.join(" ")));
        }
        dump
    }

    /// Gives the messages that stand on the queue, by their ids.
    pub async fn messages(&self) -> Vec<String> {
        let mut connection = self.connect().await;
        connection
            .hvals("fhir-bulk-export:data")
            .await
            .expect("Redis lists the messages")
    }
}
