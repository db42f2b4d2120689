//! The ways to WhatsApp, as the configuration wants them.

use std::sync::Arc;
use std::time::Duration;

use super::chance;
use crate::config::Config;
use crate::link::cloud::{CloudConfig, CloudFactory};
use crate::link::web::{Farewells, Server, WebConfig, WebFactory};
use crate::link::{Link, LinkContext, LinkError, LinkFactory};
use crate::model::{Clock, Integration, ProxyConfig};
use crate::net::{Net, Target};
use crate::store::Store;

pub(super) fn factory(
    store: &Store,
    net: Net,
    clock: &Arc<dyn Clock>,
    config: &Config,
) -> (impl LinkFactory + use<>, Farewells) {
    let web = WebConfig {
        device_name: config.whatsapp.device_name.clone(),
        version: config.whatsapp.version,
        server: server(config),
        proxy: config.proxy.config(),
    };
    let cloud = CloudConfig {
        graph_url: config.cloud.graph_url.trim_end_matches('/').to_owned(),
        version: config.cloud.version.clone(),
        interval: Duration::from_mins(config.cloud.interval.into()),
    };
    let cloud = CloudFactory::new(store.clone(), net.clone(), cloud, chance);
    let web = WebFactory::new(store.clone(), net, Arc::clone(clock), web);
    let farewells = web.farewells();
    (Factory { web, cloud }, farewells)
}

/// Where WhatsApp is; none when that cannot be read.
pub(crate) fn whatsapp(config: &Config) -> Option<Target> {
    server(config).target()
}

fn server(config: &Config) -> Server {
    let mut server = Server::whatsapp();
    if let Some(url) = &config.whatsapp.url {
        server.socket.clone_from(url);
    }
    if let Some(page) = &config.whatsapp.version_page {
        server.version_page.clone_from(page);
    }
    server
}

/// The right kind of link for each instance.
struct Factory {
    web: WebFactory,
    cloud: CloudFactory,
}

#[async_trait::async_trait]
impl LinkFactory for Factory {
    async fn try_proxy(&self, integration: Integration, proxy: &ProxyConfig) -> Result<(), LinkError> {
        match integration {
            Integration::Web => self.web.try_proxy(integration, proxy).await,
            Integration::Cloud => self.cloud.try_proxy(proxy).await,
        }
    }

    fn make(&self, context: LinkContext) -> Arc<dyn Link> {
        match context.integration {
            Integration::Web => self.web.make(context),
            Integration::Cloud => self.cloud.make(context),
        }
    }
}
