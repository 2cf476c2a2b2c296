//! The way from a server to its PostgreSQL, which can be cut: at once, after so many answers, or for one purpose.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use orgd_postgres_cluster::Cluster;

/// A port that leads to a PostgreSQL.
pub struct Way {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Both ends of each connection.
    ends: Vec<TcpStream>,
    is_cut: bool,
    /// How many more pieces of answers come through.
    left: Option<usize>,
    /// Connections of this application do not come through.
    refused: Option<&'static str>,
}

impl State {
    fn cut(&mut self) {
        self.is_cut = true;
        for end in self.ends.drain(..) {
            // The other side may have closed it.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Whether the piece of an answer that is there comes through.
    fn lets_through(&mut self) -> bool {
        match &mut self.left {
            Some(0) => self.cut(),
            Some(left) => *left -= 1,
            None => {}
        }
        !self.is_cut
    }

    /// Whether this piece of a question comes through: not the one with which a refused application begins a connection.
    fn admits(&self, piece: &[u8]) -> bool {
        let Some(application) = self.refused else { return true };
        let told = format!("application_name\0{application}\0");
        !piece.windows(told.len()).any(|part| part == told.as_bytes())
    }
}

impl Way {
    /// A way to a cluster that has a port, and the URL of a database of it over this way. It is there until the process ends.
    pub fn to(cluster: &Cluster, database: &str) -> (Self, String) {
        let direct = cluster.tcp_host_port().unwrap();
        let way = Self::leading_to(direct.rsplit_once(':').unwrap().1.parse().unwrap());
        let url = cluster.tcp_url(database).unwrap().replace(&direct, &way.address.to_string());
        (way, url)
    }

    fn leading_to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                lead(&caller, port, &shared);
            }
        });
        Self { address, state }
    }

    /// Ends every connection, and lets no new one through.
    pub fn cut(&self) {
        self.state.lock().unwrap().cut();
    }

    /// Cuts it in place of the answer after so many.
    pub fn cut_after(&self, answers: usize) {
        self.state.lock().unwrap().left = Some(answers);
    }

    /// Lets no new connection of this application through; those that are there stay.
    pub fn refuse(&self, application: &'static str) {
        self.state.lock().unwrap().refused = Some(application);
    }

    /// Whether it was cut and is not mended.
    pub fn is_cut(&self) -> bool {
        self.state.lock().unwrap().is_cut
    }

    /// Lets everything through from now on.
    pub fn mend(&self) {
        let mut state = self.state.lock().unwrap();
        (state.is_cut, state.left, state.refused) = (false, None, None);
    }
}

fn lead(caller: &TcpStream, port: u16, shared: &Arc<Mutex<State>>) {
    let mut state = shared.lock().unwrap();
    let Some(database) = TcpStream::connect(("127.0.0.1", port)).ok().filter(|_| !state.is_cut) else { return };
    let copy = |stream: &TcpStream| stream.try_clone().unwrap();
    state.ends.extend([copy(caller), copy(&database)]);
    let (question, answer) = ((copy(caller), copy(&database)), (database, copy(caller)));
    let (porter, judge) = (Arc::clone(shared), Arc::clone(shared));
    std::thread::spawn(move || pump(question, |piece| porter.lock().unwrap().admits(piece)));
    std::thread::spawn(move || pump(answer, |_| judge.lock().unwrap().lets_through()));
}

fn pump((mut from, mut to): (TcpStream, TcpStream), lets_through: impl Fn(&[u8]) -> bool) {
    let mut piece = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut piece) {
        if !lets_through(&piece[..length]) || to.write_all(&piece[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
