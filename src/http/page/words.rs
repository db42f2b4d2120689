//! Every sentence of the page in its four languages, side by side: one that is missing does not compile.

macro_rules! words {
    ($($name:ident: $en:literal, $pt:literal, $es:literal, $de:literal;)+) => {
        /// The page's sentences in one language. `{}` is where a value goes.
        #[derive(Debug)]
        pub(super) struct Words {
            $(pub(super) $name: &'static str,)+
        }

        pub(super) static EN: Words = Words { $($name: $en,)+ };
        pub(super) static PT: Words = Words { $($name: $pt,)+ };
        pub(super) static ES: Words = Words { $($name: $es,)+ };
        pub(super) static DE: Words = Words { $($name: $de,)+ };

        #[cfg(test)]
        pub(super) static ALL: &[(&str, [&str; 4])] = &[$((stringify!($name), [$en, $pt, $es, $de]),)+];
    };
}

words! {
    skip: "Skip to content", "Ir para o conteúdo", "Ir al contenido", "Zum Inhalt";
    language: "Language", "Idioma", "Idioma", "Sprache";
    source: "Source code", "Código-fonte", "Código fuente", "Quelltext";
    licence: "free software (AGPL-3.0)", "software livre (AGPL-3.0)", "software libre (AGPL-3.0)", "freie Software (AGPL-3.0)";
    lost: "No contact with tetherd. What you see may be out of date. Trying again…", "Sem contato com o tetherd. O que você vê pode estar desatualizado. Tentando de novo…", "Sin contacto con tetherd. Lo que ve puede no estar al día. Reintentando…", "Kein Kontakt zu tetherd. Was hier steht, kann veraltet sein. Neuer Versuch läuft…";
    copy: "Copy", "Copiar", "Copiar", "Kopieren";
    copied: "Copied", "Copiado", "Copiado", "Kopiert";
    demo: "Demo: simulated WhatsApp", "Demonstração: WhatsApp simulado", "Demostración: WhatsApp simulado", "Vorführung: nachgebildetes WhatsApp";
    demo_scan: "Demo: scan with the demo phone", "Demonstração: escanear com o celular de teste", "Demostración: escanear con el teléfono de prueba", "Vorführung: mit dem Probetelefon scannen";
    demo_type: "Demo: type it on the demo phone", "Demonstração: digitar no celular de teste", "Demostración: escribirlo en el teléfono de prueba", "Vorführung: am Probetelefon eingeben";
    demo_unlink: "Demo: unlink on the phone", "Demonstração: desconectar no celular", "Demostración: desvincular en el teléfono", "Vorführung: am Telefon trennen";

    welcome: "WhatsApp, kept linked by this box", "WhatsApp, sempre conectado por este equipamento", "WhatsApp, siempre vinculado desde este equipo", "WhatsApp, von diesem Gerät verbunden gehalten";
    sign_in: "Sign in", "Entrar", "Iniciar sesión", "Anmelden";
    key: "Key", "Chave", "Clave", "Schlüssel";
    key_where: "Where is my key?", "Onde está a minha chave?", "¿Dónde está mi clave?", "Wo ist mein Schlüssel?";
    key_help: "On the box that runs tetherd, type:", "No equipamento em que o tetherd roda, digite:", "En el equipo donde funciona tetherd, escriba:", "Auf dem Gerät, auf dem tetherd läuft, eingeben:";
    key_lost: "Lost it since? This makes another one in its place:", "Perdeu a chave? Isto cria outra no lugar dela:", "¿La ha perdido? Esto crea otra en su lugar:", "Verloren? Das erzeugt einen neuen an seiner Stelle:";
    key_demo: "This is a demo: the key was printed in the terminal where it was started.", "Isto é uma demonstração: a chave apareceu no terminal em que ela foi iniciada.", "Esto es una demostración: la clave apareció en el terminal donde se inició.", "Dies ist eine Vorführung: Der Schlüssel steht in dem Terminal, in dem sie gestartet wurde.";
    key_token: "The key of a single account works too and shows only that account.", "A chave de uma única conta também serve e mostra só essa conta.", "La clave de una sola cuenta también sirve y muestra solo esa cuenta.", "Der Schlüssel eines einzelnen Kontos geht auch und zeigt nur dieses Konto.";
    key_wrong: "That key does not fit. Check it and try again.", "Essa chave não confere. Verifique e tente de novo.", "Esa clave no es válida. Compruébela e inténtelo de nuevo.", "Dieser Schlüssel passt nicht. Bitte prüfen und noch einmal versuchen.";
    key_slow: "Too many wrong keys. Try again in {} seconds.", "Chaves erradas demais. Tente de novo em {} segundos.", "Demasiadas claves erróneas. Inténtelo de nuevo en {} segundos.", "Zu viele falsche Schlüssel. Neuer Versuch in {} Sekunden.";
    sign_out: "Sign out", "Sair", "Cerrar sesión", "Abmelden";
    sign_out_all: "Sign out everywhere", "Sair em todos os aparelhos", "Cerrar sesión en todas partes", "Überall abmelden";

    accounts: "Accounts", "Contas", "Cuentas", "Konten";
    sum_all: "All linked", "Todas conectadas", "Todas vinculadas", "Alle verbunden";
    sum_some: "{} of {} linked", "{} de {} conectadas", "{} de {} vinculadas", "{} von {} verbunden";
    first_title: "Link your first account", "Conecte a sua primeira conta", "Vincule su primera cuenta", "Das erste Konto verbinden";
    first_1: "Give it a name.", "Dê um nome a ela.", "Póngale un nombre.", "Einen Namen geben.";
    first_2: "Scan the code that appears with WhatsApp on the phone.", "Escaneie o código que aparece com o WhatsApp do celular.", "Escanee el código que aparece con WhatsApp en el teléfono.", "Den Code, der erscheint, mit WhatsApp auf dem Telefon scannen.";
    first_3: "That is all. It stays linked, also after a power cut.", "É só isso. Ela continua conectada, mesmo depois de uma queda de energia.", "Eso es todo. Sigue vinculada, también después de un corte de luz.", "Das ist alles. Es bleibt verbunden, auch nach einem Stromausfall.";
    add: "Add an account", "Adicionar uma conta", "Añadir una cuenta", "Konto hinzufügen";
    name: "Name", "Nome", "Nombre", "Name";
    name_first: "home", "casa", "casa", "zuhause";
    name_help: "Letters, digits, dots, dashes and spaces. Your programs use this name.", "Letras, números, pontos, traços e espaços. Seus programas usam este nome.", "Letras, números, puntos, guiones y espacios. Sus programas usan este nombre.", "Buchstaben, Ziffern, Punkte, Striche und Leerzeichen. Ihre Programme benutzen diesen Namen.";
    name_bad: "This name is not possible: letters, digits, dots, dashes and spaces, 64 at most.", "Este nome não é possível: letras, números, pontos, traços e espaços, no máximo 64.", "Este nombre no es posible: letras, números, puntos, guiones y espacios, 64 como máximo.", "Dieser Name geht nicht: Buchstaben, Ziffern, Punkte, Striche und Leerzeichen, höchstens 64.";
    name_taken: "There is already an account with this name.", "Já existe uma conta com este nome.", "Ya existe una cuenta con este nombre.", "Es gibt schon ein Konto mit diesem Namen.";
    create: "Show the code", "Mostrar o código", "Mostrar el código", "Code zeigen";
    cloud_add: "A number at Meta instead (WhatsApp Business Platform)", "Em vez disso, um número na Meta (WhatsApp Business Platform)", "En su lugar, un número en Meta (WhatsApp Business Platform)", "Stattdessen eine Nummer bei Meta (WhatsApp Business Platform)";
    cloud_lead: "No phone and no code: tetherd asks Meta. Meta's app dashboard shows what is needed under WhatsApp, API setup.", "Sem celular e sem código: o tetherd consulta a Meta. O painel de apps da Meta mostra o que é preciso em WhatsApp, Configuração da API.", "Sin teléfono y sin código: tetherd pregunta a Meta. El panel de apps de Meta muestra lo necesario en WhatsApp, Configuración de la API.", "Ohne Telefon und ohne Code: tetherd fragt Meta. Was nötig ist, zeigt Metas App-Dashboard unter WhatsApp, API-Einrichtung.";
    cloud_number: "Phone number ID", "ID do número de telefone", "Identificador del número de teléfono", "Telefonnummer-ID";
    cloud_number_help: "The ID of about 15 digits that Meta shows, not the phone number itself.", "O ID de cerca de 15 dígitos que a Meta mostra, não o número de telefone.", "El identificador de unas 15 cifras que muestra Meta, no el número de teléfono.", "Die etwa 15-stellige ID, die Meta zeigt, nicht die Telefonnummer selbst.";
    cloud_number_bad: "This is no phone number ID. Meta shows it beside the phone number; it has only digits, about 15 of them.", "Isto não é um ID de número de telefone. A Meta o mostra ao lado do número; são só dígitos, cerca de 15.", "Esto no es un identificador de número. Meta lo muestra junto al número; son solo cifras, unas 15.", "Das ist keine Telefonnummer-ID. Meta zeigt sie neben der Nummer; sie hat nur Ziffern, etwa 15.";
    cloud_business: "WhatsApp Business account ID", "ID da conta do WhatsApp Business", "Identificador de la cuenta de WhatsApp Business", "ID des WhatsApp-Business-Kontos";
    optional: "optional", "opcional", "opcional", "freiwillig";
    cloud_token: "Meta's access token", "Token de acesso da Meta", "Token de acceso de Meta", "Zugriffstoken von Meta";
    cloud_token_help: "Kept sealed and never shown again. Best is one of a system user, which does not expire.", "Fica guardado com criptografia e nunca mais é mostrado. O melhor é o de um usuário do sistema, que não expira.", "Se guarda cifrado y no se vuelve a mostrar. Mejor el de un usuario del sistema, que no caduca.", "Wird verschlüsselt aufbewahrt und nie wieder gezeigt. Am besten das eines Systemnutzers, das nicht abläuft.";
    cloud_token_bad: "Meta's access token is missing.", "Falta o token de acesso da Meta.", "Falta el token de acceso de Meta.", "Das Zugriffstoken von Meta fehlt.";
    cloud_create: "Add it", "Adicionar", "Añadir", "Hinzufügen";
    cloud_replace: "Replace Meta's access token", "Trocar o token de acesso da Meta", "Cambiar el token de acceso de Meta", "Zugriffstoken von Meta ersetzen";
    cloud_replaced: "The token was replaced, and Meta was asked with it.", "O token foi trocado, e a Meta foi consultada com ele.", "El token se cambió y se preguntó a Meta con él.", "Das Token ist ersetzt, und Meta wurde damit gefragt.";
    cloud_hook: "So that Meta tells this box of messages", "Para que a Meta avise este equipamento das mensagens", "Para que Meta avise a este equipo de los mensajes", "Damit Meta diesem Gerät Nachrichten meldet";
    cloud_hook_url: "Callback URL", "URL de callback", "URL de devolución de llamada", "Callback-URL";
    cloud_hook_token: "Verify token", "Token de verificação", "Token de verificación", "Verifizierungstoken";
    cloud_hook_off: "Set app_secret under [cloud] in the configuration first; Meta signs with it.", "Primeiro defina app_secret em [cloud] na configuração; a Meta assina com ele.", "Primero ponga app_secret en [cloud] en la configuración; Meta firma con él.", "Zuerst app_secret unter [cloud] in der Konfiguration setzen; damit unterschreibt Meta.";
    cloud_subscribe: "Subscribe this account", "Assinar esta conta", "Suscribir esta cuenta", "Dieses Konto abonnieren";
    cloud_subscribed: "Meta will send this account's messages.", "A Meta vai enviar as mensagens desta conta.", "Meta enviará los mensajes de esta cuenta.", "Meta sendet die Nachrichten dieses Kontos.";
    back: "All accounts", "Todas as contas", "Todas las cuentas", "Alle Konten";
    go_back: "Back", "Voltar", "Volver", "Zurück";
    gone: "This account does not exist.", "Esta conta não existe.", "Esta cuenta no existe.", "Dieses Konto gibt es nicht.";
    failed: "That did not work: {}", "Não funcionou: {}", "No ha funcionado: {}", "Das ging nicht: {}";
    f_stuck: "The account does not answer. It is being restarted; try again in a minute.", "A conta não responde. Ela está sendo reiniciada; tente de novo em um minuto.", "La cuenta no responde. Se está reiniciando; inténtelo en un minuto.", "Das Konto antwortet nicht. Es wird neu gestartet; bitte in einer Minute noch einmal.";
    f_storage: "Nothing was changed: the disk refuses ({})", "Nada foi alterado: o disco recusou ({})", "No se cambió nada: el disco lo rechaza ({})", "Nichts wurde geändert: Der Speicher verweigert es ({})";
    f_not_linked: "This account is not linked.", "Esta conta não está conectada.", "Esta cuenta no está vinculada.", "Dieses Konto ist nicht verbunden.";
    foreign: "This request did not come from this page, so nothing was changed.", "Este pedido não veio desta página; nada foi alterado.", "Esta solicitud no vino de esta página; no se ha cambiado nada.", "Diese Anfrage kam nicht von dieser Seite; es wurde nichts geändert.";
    host_title: "This is not one of this box's names", "Este não é um nome deste equipamento", "Este no es un nombre de este equipo", "Das ist kein Name dieses Geräts";
    host_lead: "You came by the name {}. tetherd answers to its addresses, to names ending in .local, and to those listed in its configuration:", "Você chegou pelo nome {}. O tetherd responde pelos seus endereços, por nomes terminados em .local e pelos que estão na sua configuração:", "Ha llegado por el nombre {}. tetherd responde a sus direcciones, a los nombres que terminan en .local y a los de su configuración:", "Sie kamen über den Namen {}. tetherd antwortet auf seine Adressen, auf Namen mit .local am Ende und auf die in seiner Konfiguration:";

    state_open: "Linked", "Conectada", "Vinculada", "Verbunden";
    state_connecting: "Connecting", "Conectando", "Conectando", "Wird verbunden";
    state_scan: "Waiting for the phone", "Aguardando o celular", "Esperando al teléfono", "Wartet auf das Telefon";
    state_scanned: "Code accepted", "Código aceito", "Código aceptado", "Code angenommen";
    state_close: "Not linked", "Desconectada", "No vinculada", "Nicht verbunden";
    state_paused: "Interrupted", "Interrompida", "Interrumpida", "Unterbrochen";
    state_away: "WhatsApp cannot be reached", "Não é possível acessar o WhatsApp", "No se puede contactar con WhatsApp", "WhatsApp ist nicht erreichbar";
    state_never: "Not linked yet", "Ainda não conectada", "Aún no vinculada", "Noch nicht verbunden";
    state_held: "On hold", "Em espera", "En espera", "Angehalten";
    meta_away: "Meta cannot be reached", "Não é possível acessar a Meta", "No se puede contactar con Meta", "Meta ist nicht erreichbar";
    since: "since", "desde", "desde", "seit";
    until: "until", "até", "hasta", "bis";
    next_try: "Next try in", "Nova tentativa em", "Nuevo intento en", "Nächster Versuch in";
    now: "now", "agora", "ahora", "jetzt";
    attempt: "attempt {}", "tentativa {}", "intento {}", "Versuch {}";
    syncing: "Catching up on what happened meanwhile…", "Recuperando o que aconteceu enquanto isso…", "Recuperando lo ocurrido mientras tanto…", "Holt nach, was inzwischen geschah…";

    r_connecting: "Connecting to WhatsApp.", "Conectando ao WhatsApp.", "Conectando con WhatsApp.", "Die Verbindung zu WhatsApp wird aufgebaut.";
    r_waiting: "Scan the code with the phone.", "Escaneie o código com o celular.", "Escanee el código con el teléfono.", "Den Code mit dem Telefon scannen.";
    r_scanned: "The phone has taken the code. Leave WhatsApp open until it says Linked here.", "O celular aceitou o código. Deixe o WhatsApp aberto até aparecer Conectada aqui.", "El teléfono ha aceptado el código. Deje WhatsApp abierto hasta que aquí diga Vinculada.", "Das Telefon hat den Code angenommen. WhatsApp offen lassen, bis hier Verbunden steht.";
    r_open: "Everything is working.", "Tudo está funcionando.", "Todo funciona.", "Alles funktioniert.";
    r_logged_out: "This device was unlinked. A new code links it again.", "Este aparelho foi desconectado. Um novo código conecta-o de novo.", "Este dispositivo fue desvinculado. Un código nuevo lo vincula otra vez.", "Dieses Gerät wurde abgemeldet. Ein neuer Code verbindet es wieder.";
    r_banned: "WhatsApp has banned this account for a time. tetherd tries again when the ban ends.", "O WhatsApp baniu esta conta por um tempo. O tetherd tenta de novo quando o banimento acabar.", "WhatsApp ha bloqueado esta cuenta por un tiempo. tetherd lo intentará cuando termine.", "WhatsApp hat dieses Konto eine Zeit lang gesperrt. tetherd versucht es danach wieder.";
    r_locked: "WhatsApp has locked this account. Open WhatsApp on the phone; it says what to do.", "O WhatsApp bloqueou esta conta. Abra o WhatsApp no celular; ele diz o que fazer.", "WhatsApp ha bloqueado esta cuenta. Abra WhatsApp en el teléfono; le dirá qué hacer.", "WhatsApp hat dieses Konto gesperrt. WhatsApp auf dem Telefon öffnen; dort steht, was zu tun ist.";
    r_passkey: "This account may only be linked with a passkey, which a box cannot give. Turn the passkey off on the phone, then connect again.", "Esta conta só pode ser conectada com uma chave de acesso (passkey), que um equipamento destes não tem. Desative-a no celular e conecte de novo.", "Esta cuenta solo puede vincularse con una llave de acceso (passkey), que este equipo no puede dar. Desactívela en el teléfono y conecte de nuevo.", "Dieses Konto lässt sich nur mit einem Passkey verbinden, den ein solches Gerät nicht geben kann. Den Passkey am Telefon ausschalten und neu verbinden.";
    r_outdated: "WhatsApp no longer accepts this version of tetherd. Update tetherd.", "O WhatsApp não aceita mais esta versão do tetherd. Atualize o tetherd.", "WhatsApp ya no acepta esta versión de tetherd. Actualice tetherd.", "WhatsApp nimmt diese Version von tetherd nicht mehr an. Bitte tetherd aktualisieren.";
    r_timed_out: "WhatsApp did not answer in time.", "O WhatsApp não respondeu a tempo.", "WhatsApp no respondió a tiempo.", "WhatsApp hat nicht rechtzeitig geantwortet.";
    r_expired: "Nobody scanned the code in time.", "Ninguém escaneou o código a tempo.", "Nadie escaneó el código a tiempo.", "Niemand hat den Code rechtzeitig gescannt.";
    r_disconnected: "The connection to WhatsApp ended.", "A conexão com o WhatsApp terminou.", "La conexión con WhatsApp terminó.", "Die Verbindung zu WhatsApp ist abgebrochen.";
    r_offline: "This box has no network. Check the cable, the Wi-Fi or the router.", "Este equipamento está sem rede. Verifique o cabo, o Wi-Fi ou o roteador.", "Este equipo no tiene red. Revise el cable, la wifi o el router.", "Dieses Gerät hat kein Netz. Kabel, WLAN oder Router prüfen.";
    r_name: "WhatsApp's address could not be found. The internet or the name server may be down.", "O endereço do WhatsApp não foi encontrado. A internet ou o DNS pode estar fora do ar.", "No se encontró la dirección de WhatsApp. Puede fallar internet o el servidor de nombres.", "Die Adresse von WhatsApp war nicht zu finden. Internet oder Namensdienst sind wohl gestört.";
    r_tls: "No secure connection to WhatsApp could be made. Something on the way may be interfering.", "Não foi possível uma conexão segura com o WhatsApp. Algo no caminho pode estar interferindo.", "No se pudo establecer una conexión segura con WhatsApp. Puede que algo interfiera en el camino.", "Keine sichere Verbindung zu WhatsApp möglich. Vermutlich stört etwas auf dem Weg.";
    r_clock: "The clock of this box is wrong, so no secure connection is possible. It continues as soon as the clock is set.", "O relógio deste equipamento está errado, e assim não há conexão segura. Continua assim que o relógio for acertado.", "El reloj de este equipo está mal y no hay conexión segura posible. Seguirá en cuanto se ajuste.", "Die Uhr dieses Geräts geht falsch, so ist keine sichere Verbindung möglich. Es geht weiter, sobald sie gestellt ist.";
    r_replaced: "Another program took over this link. Stop the other one, then connect here.", "Outro programa assumiu esta conexão. Pare o outro e conecte aqui.", "Otro programa tomó este vínculo. Deténgalo y conecte aquí.", "Ein anderes Programm hat diese Verbindung übernommen. Das andere beenden, dann hier verbinden.";
    r_server: "WhatsApp reports a fault on its side.", "O WhatsApp relata uma falha do lado dele.", "WhatsApp informa de un fallo suyo.", "WhatsApp meldet eine Störung auf seiner Seite.";
    r_unavailable: "WhatsApp is not available right now.", "O WhatsApp não está disponível agora.", "WhatsApp no está disponible ahora.", "WhatsApp ist gerade nicht verfügbar.";
    r_restart: "WhatsApp asked for a fresh connection.", "O WhatsApp pediu uma nova conexão.", "WhatsApp pidió una conexión nueva.", "WhatsApp hat um eine neue Verbindung gebeten.";
    r_never: "A code is all that it takes.", "Basta um código.", "Basta con un código.", "Ein Code genügt.";
    m_asking: "Asking Meta.", "Consultando a Meta.", "Preguntando a Meta.", "Meta wird gefragt.";
    m_never: "Meta has not been asked yet.", "A Meta ainda não foi consultada.", "Aún no se ha preguntado a Meta.", "Meta wurde noch nicht gefragt.";
    m_out: "Meta's access token was forgotten. Give another one.", "O token de acesso da Meta foi esquecido. Forneça outro.", "Se olvidó el token de acceso de Meta. Dé otro.", "Das Zugriffstoken von Meta ist vergessen. Bitte ein neues geben.";
    m_token: "Meta does not accept the access token: it has expired, was revoked, or is wrong. Give another one.", "A Meta não aceita o token de acesso: expirou, foi revogado ou está errado. Forneça outro.", "Meta no acepta el token de acceso: caducó, fue revocado o es erróneo. Dé otro.", "Meta nimmt das Zugriffstoken nicht an: Es ist abgelaufen, widerrufen oder falsch. Bitte ein neues geben.";
    m_permission: "The access token may not use this number. It needs the permissions whatsapp_business_messaging and whatsapp_business_management.", "O token de acesso não pode usar este número. Ele precisa das permissões whatsapp_business_messaging e whatsapp_business_management.", "El token de acceso no puede usar este número. Necesita los permisos whatsapp_business_messaging y whatsapp_business_management.", "Das Zugriffstoken darf diese Nummer nicht benutzen. Es braucht die Rechte whatsapp_business_messaging und whatsapp_business_management.";
    m_unknown: "Meta does not know this phone number ID.", "A Meta não conhece este ID de número de telefone.", "Meta no conoce este identificador de número.", "Meta kennt diese Telefonnummer-ID nicht.";
    m_unregistered: "This number is not registered for the Cloud API at Meta.", "Este número não está registrado na Cloud API da Meta.", "Este número no está registrado en la Cloud API de Meta.", "Diese Nummer ist bei Meta nicht für die Cloud API registriert.";
    m_blocked: "Meta has blocked this number or account. Meta's Business Manager says why.", "A Meta bloqueou este número ou conta. O Gerenciador de Negócios da Meta diz por quê.", "Meta ha bloqueado este número o cuenta. El administrador comercial de Meta dice por qué.", "Meta hat diese Nummer oder dieses Konto gesperrt. Warum, steht in Metas Business Manager.";
    m_limited: "Meta asks for patience: too many requests.", "A Meta pede paciência: solicitações demais.", "Meta pide paciencia: demasiadas solicitudes.", "Meta bittet um Geduld: zu viele Anfragen.";
    m_fault: "Meta reports a fault on its side.", "A Meta relata uma falha do lado dela.", "Meta informa de un fallo suyo.", "Meta meldet eine Störung auf ihrer Seite.";
    m_unreached: "Meta could not be reached.", "Não foi possível acessar a Meta.", "No se pudo contactar con Meta.", "Meta war nicht zu erreichen.";
    told: "What was reported: {}", "O que foi informado: {}", "Lo que se informó: {}", "Gemeldet wurde: {}";

    by_code: "QR code", "Código QR", "Código QR", "QR-Code";
    by_number: "Phone number", "Número do celular", "Número de teléfono", "Telefonnummer";
    qr_alt: "QR code to scan with WhatsApp", "Código QR para escanear com o WhatsApp", "Código QR para escanear con WhatsApp", "QR-Code zum Scannen mit WhatsApp";
    qr_left: "New code in", "Novo código em", "Código nuevo en", "Neuer Code in";
    qr_says: "{} left for this code", "Restam {} para este código", "Quedan {} para este código", "Noch {} für diesen Code";
    qr_count: "code {} of {}", "código {} de {}", "código {} de {}", "Code {} von {}";
    qr_coming: "Fetching a code from WhatsApp…", "Buscando um código no WhatsApp…", "Pidiendo un código a WhatsApp…", "Ein Code wird von WhatsApp geholt…";
    qr_here: "Reading this on the phone that has WhatsApp?", "Está lendo isto no celular que tem o WhatsApp?", "¿Lee esto en el teléfono que tiene WhatsApp?", "Lesen Sie das auf dem Telefon mit WhatsApp?";
    qr_here_link: "Use its number instead", "Use o número dele", "Use su número", "Dann mit seiner Nummer verbinden";
    show_code: "Show a code", "Mostrar um código", "Mostrar un código", "Code zeigen";
    linked_lead: "You can close this page. It stays linked.", "Você pode fechar esta página. A conexão permanece.", "Puede cerrar esta página. Seguirá vinculada.", "Diese Seite kann zu. Die Verbindung bleibt.";
    how: "On the phone", "No celular", "En el teléfono", "Auf dem Telefon";
    how_open: "Open WhatsApp", "Abra o WhatsApp", "Abra WhatsApp", "WhatsApp öffnen";
    how_menu: "Tap the three dots at the top right", "Toque nos três pontos no alto à direita", "Toque los tres puntos arriba a la derecha", "Oben rechts auf die drei Punkte tippen";
    how_you: "Tap You (or Settings) at the bottom right", "Toque em Você (ou Configurações) embaixo à direita", "Toque Tú (o Configuración) abajo a la derecha", "Unten rechts auf Du (oder Einstellungen) tippen";
    how_devices: "Tap Linked devices", "Toque em Dispositivos conectados", "Toque Dispositivos vinculados", "Auf Verknüpfte Geräte tippen";
    how_link: "Tap Link a device", "Toque em Conectar dispositivo", "Toque Vincular dispositivo", "Auf Gerät hinzufügen tippen";
    how_scan: "Point the phone at the code", "Aponte o celular para o código", "Apunte el teléfono al código", "Das Telefon auf den Code richten";
    how_instead: "Tap Link with phone number instead", "Toque em Conectar com número de telefone", "Toque Vincular con el número de teléfono", "Auf Stattdessen mit Telefonnummer verknüpfen tippen";
    how_type: "Type the code", "Digite o código", "Escriba el código", "Den Code eingeben";
    number: "Phone number of the account", "Número de telefone da conta", "Número de teléfono de la cuenta", "Telefonnummer des Kontos";
    number_like: "+1 555 123 4567", "+55 11 99999-8888", "+34 612 34 56 78", "+49 151 23456789";
    number_help: "With the country code, for example +1 555 123 4567.", "Com o código do país, por exemplo +55 11 99999-8888.", "Con el código de país, por ejemplo +34 612 34 56 78.", "Mit Ländervorwahl, zum Beispiel +49 151 23456789.";
    number_sign: "There is {} in it, which no phone number has.", "Há {} nele, o que nenhum número de telefone tem.", "Contiene {}, que ningún número de teléfono lleva.", "Darin steht {}, was in keiner Telefonnummer vorkommt.";
    number_zero: "It starts with 0. Write the country code in place of the 0, for example +1 555 123 4567.", "Começa com 0. Escreva o código do país no lugar do 0, por exemplo +55 11 99999-8888.", "Empieza por 0. Ponga el código de país en lugar del 0, por ejemplo +34 612 34 56 78.", "Sie beginnt mit 0. Statt der 0 die Ländervorwahl schreiben, zum Beispiel +49 151 23456789.";
    number_long: "It has {} digits; with the country code it has 7 to 15.", "Tem {} dígitos; com o código do país são de 7 a 15.", "Tiene {} cifras; con el código de país son de 7 a 15.", "Sie hat {} Ziffern; mit Ländervorwahl sind es 7 bis 15.";
    number_get: "Get a code", "Obter um código", "Obtener un código", "Code holen";
    number_other: "Another number", "Outro número", "Otro número", "Andere Nummer";
    pair_lead: "Type this code on the phone", "Digite este código no celular", "Escriba este código en el teléfono", "Diesen Code am Telefon eingeben";
    pair_left: "Valid for", "Válido por", "Válido durante", "Gültig noch";
    pair_failed: "No code could be had: {}", "Não foi possível obter um código: {}", "No se pudo obtener un código: {}", "Es war kein Code zu bekommen: {}";

    overview: "Overview", "Visão geral", "Resumen", "Überblick";
    settings: "Settings", "Configurações", "Ajustes", "Einstellungen";
    webhook: "Webhook", "Webhook", "Webhook", "Webhook";
    events: "Events", "Eventos", "Eventos", "Ereignisse";
    connect: "Connect", "Conectar", "Conectar", "Verbinden";
    try_now: "Try now", "Tentar agora", "Intentar ahora", "Jetzt versuchen";
    restart: "Reconnect", "Reconectar", "Reconectar", "Neu verbinden";
    ask_meta: "Ask Meta now", "Consultar a Meta agora", "Preguntar a Meta ahora", "Meta jetzt fragen";
    log_out: "Log out", "Desconectar", "Desvincular", "Konto abmelden";
    log_out_ask: "The account is unlinked from this box. To use it again, the phone must scan a new code.", "A conta é desconectada deste equipamento. Para usá-la de novo, o celular precisa escanear um novo código.", "La cuenta se desvincula de este equipo. Para volver a usarla, el teléfono debe escanear otro código.", "Das Konto wird von diesem Gerät getrennt. Um es wieder zu benutzen, muss das Telefon einen neuen Code scannen.";
    cloud_out_ask: "Meta's access token is forgotten. To use the account again, another one must be given.", "O token de acesso da Meta é esquecido. Para usar a conta de novo, é preciso fornecer outro.", "Se olvida el token de acceso de Meta. Para volver a usar la cuenta hay que dar otro.", "Das Zugriffstoken von Meta wird vergessen. Um das Konto wieder zu benutzen, muss ein neues gegeben werden.";
    delete: "Delete", "Excluir", "Eliminar", "Löschen";
    delete_ask: "The account is unlinked, and its settings, webhook and key are lost for good. Events that are not delivered yet still will be.", "A conta é desconectada, e suas configurações, webhook e chave se perdem para sempre. Eventos pendentes ainda são entregues.", "La cuenta se desvincula y se pierden para siempre sus ajustes, webhook y clave. Los eventos pendientes aún se entregan.", "Das Konto wird getrennt; Einstellungen, Webhook und Schlüssel gehen für immer verloren. Offene Ereignisse werden noch zugestellt.";
    invite: "Let somebody else scan", "Deixar outra pessoa escanear", "Que escanee otra persona", "Jemand anderen scannen lassen";
    invite_lead: "Makes an address that shows only the code of this account, without a key. It ends when the account is linked.", "Cria um endereço que mostra só o código desta conta, sem chave. Ele acaba quando a conta é conectada.", "Crea una dirección que muestra solo el código de esta cuenta, sin clave. Termina cuando la cuenta se vincula.", "Erzeugt eine Adresse, die nur den Code dieses Kontos zeigt, ohne Schlüssel. Sie endet, wenn das Konto verbunden ist.";
    invite_for: "Valid for", "Válido por", "Válida durante", "Gültig für";
    minutes: "{} minutes", "{} minutos", "{} minutos", "{} Minuten";
    hour: "1 hour", "1 hora", "1 hora", "1 Stunde";
    hours: "{} hours", "{} horas", "{} horas", "{} Stunden";
    invite_make: "Make an address", "Criar um endereço", "Crear una dirección", "Adresse erzeugen";
    invite_open: "An address is open", "Há um endereço aberto", "Hay una dirección abierta", "Eine Adresse ist offen";
    invite_end: "Take it back", "Revogar", "Retirarla", "Zurücknehmen";
    invite_shown: "Send this address to that person. It is shown only now.", "Envie este endereço a essa pessoa. Ele só aparece agora.", "Envíe esta dirección a esa persona. Solo se muestra ahora.", "Diese Adresse weitergeben. Sie wird nur jetzt gezeigt.";
    invite_qr: "As a QR code", "Como código QR", "Como código QR", "Als QR-Code";
    invite_qr_alt: "QR code of the address", "Código QR do endereço", "Código QR de la dirección", "QR-Code der Adresse";
    invite_over: "This address is no longer valid. Ask for a new one.", "Este endereço não vale mais. Peça um novo.", "Esta dirección ya no es válida. Pida otra.", "Diese Adresse gilt nicht mehr. Bitten Sie um eine neue.";
    saved: "Saved.", "Salvo.", "Guardado.", "Gespeichert.";
    save: "Save", "Salvar", "Guardar", "Speichern";
    s_reject: "Refuse calls", "Recusar chamadas", "Rechazar llamadas", "Anrufe ablehnen";
    s_text: "Answer to refused calls", "Resposta às chamadas recusadas", "Respuesta a las llamadas rechazadas", "Antwort auf abgelehnte Anrufe";
    s_groups: "Ignore groups", "Ignorar grupos", "Ignorar grupos", "Gruppen ignorieren";
    s_online: "Always shown as online", "Sempre visível como online", "Mostrar siempre en línea", "Immer als online zeigen";
    s_online_help: "While this is off, the phone keeps showing its own notifications.", "Se desativado, o celular continua mostrando as próprias notificações.", "Si está desactivado, el teléfono sigue mostrando sus notificaciones.", "Ist das aus, zeigt das Telefon weiter seine eigenen Benachrichtigungen.";
    s_read: "Mark messages as read", "Marcar mensagens como lidas", "Marcar mensajes como leídos", "Nachrichten als gelesen markieren";
    s_status: "Mark status updates as read", "Marcar status como vistos", "Marcar estados como vistos", "Statusmeldungen als gesehen markieren";
    s_history: "Fetch the whole history when linking", "Buscar todo o histórico ao conectar", "Traer todo el historial al vincular", "Beim Verbinden den ganzen Verlauf holen";
    s_history_help: "Takes long and much space; applies to the next link.", "Demora e ocupa muito espaço; vale para a próxima conexão.", "Tarda y ocupa mucho espacio; vale para el próximo vínculo.", "Dauert lange und braucht viel Platz; gilt ab dem nächsten Verbinden.";
    programs: "For your programs", "Para os seus programas", "Para sus programas", "Für Ihre Programme";
    programs_lead: "They ask this address, with the key in the header apikey:", "Eles consultam este endereço, com a chave no cabeçalho apikey:", "Preguntan a esta dirección, con la clave en la cabecera apikey:", "Sie fragen diese Adresse, mit dem Schlüssel im Header apikey:";
    account_key: "A key for this account only", "Uma chave só para esta conta", "Una clave solo para esta cuenta", "Ein Schlüssel nur für dieses Konto";
    account_key_ask: "Makes a new key. The one before stops working at once, in programs and in browsers that signed in with it.", "Cria uma nova chave. A anterior deixa de valer na hora, em programas e em navegadores que entraram com ela.", "Crea una clave nueva. La anterior deja de valer al momento, en programas y en navegadores que entraron con ella.", "Erzeugt einen neuen Schlüssel. Der bisherige gilt sofort nicht mehr, in Programmen und in Browsern, die damit angemeldet sind.";
    account_key_make: "Make a new key", "Criar uma nova chave", "Crear una clave nueva", "Neuen Schlüssel erzeugen";
    shown_once: "This is shown only now:", "Isto só aparece agora:", "Esto solo se muestra ahora:", "Das wird nur jetzt gezeigt:";
    w_lead: "tetherd tells this address of everything that happens, in order. When nobody takes it, tetherd keeps trying for at least a day.", "O tetherd conta a este endereço tudo o que acontece, em ordem. Se ninguém receber, ele insiste por pelo menos um dia.", "tetherd cuenta a esta dirección todo lo que pasa, en orden. Si nadie lo acepta, insiste al menos un día.", "tetherd meldet dieser Adresse der Reihe nach alles, was geschieht. Nimmt sie es nicht an, versucht tetherd es mindestens einen Tag lang weiter.";
    w_url: "Address that is told of events", "Endereço que recebe os eventos", "Dirección que recibe los eventos", "Adresse, die Ereignisse bekommt";
    w_on: "Deliver events", "Entregar eventos", "Entregar eventos", "Ereignisse zustellen";
    w_which: "Which events", "Quais eventos", "Qué eventos", "Welche Ereignisse";
    w_which_help: "None ticked means all.", "Nenhum marcado significa todos.", "Sin marcar ninguno, todos.", "Keines angekreuzt heißt alle.";
    w_signed: "Signed, so that the receiver can prove that they come from here.", "Assinados, para que o receptor possa provar que vêm daqui.", "Firmados, para que el receptor pueda probar que vienen de aquí.", "Unterschrieben, damit der Empfänger prüfen kann, dass sie von hier kommen.";
    w_unsigned: "Not signed yet.", "Ainda sem assinatura.", "Aún sin firmar.", "Noch nicht unterschrieben.";
    w_secret: "Make a new signing secret", "Criar um novo segredo de assinatura", "Crear un nuevo secreto de firma", "Neues Signaturgeheimnis erzeugen";
    w_secret_help: "The one before stays valid until the next one is made.", "O anterior continua valendo até o próximo ser criado.", "El anterior sigue valiendo hasta que se cree otro.", "Das vorige gilt weiter, bis wieder ein neues erzeugt wird.";
    w_test: "Send a test", "Enviar um teste", "Enviar una prueba", "Probe senden";
    w_test_ok: "The receiver took the test: {}", "O receptor aceitou o teste: {}", "El receptor aceptó la prueba: {}", "Der Empfänger hat die Probe angenommen: {}";
    w_test_bad: "The receiver did not take the test: {}", "O receptor não aceitou o teste: {}", "El receptor no aceptó la prueba: {}", "Der Empfänger hat die Probe nicht angenommen: {}";
    w_deliveries: "Deliveries", "Entregas", "Entregas", "Zustellungen";
    w_all: "all", "todas", "todas", "alle";
    w_none: "Nothing here yet.", "Nada aqui ainda.", "Aún no hay nada.", "Noch nichts.";
    w_again: "Send again", "Enviar de novo", "Enviar de nuevo", "Noch einmal senden";
    w_again_all: "Send all of these again", "Enviar todas de novo", "Enviar todas de nuevo", "Alle noch einmal senden";
    w_pending: "waiting", "aguardando", "en espera", "wartet";
    w_delivered: "delivered", "entregue", "entregado", "zugestellt";
    w_dead: "given up", "desistiu", "abandonado", "aufgegeben";
    w_tries: "{} tries", "{} tentativas", "{} intentos", "{} Versuche";
    w_bad: "This is no address that a webhook can have. It starts with http:// or https://.", "Este não é um endereço possível para um webhook. Ele começa com http:// ou https://.", "Un webhook no puede tener esta dirección. Empieza por http:// o https://.", "Das ist keine mögliche Webhook-Adresse. Sie beginnt mit http:// oder https://.";
    e_none: "Nothing has happened yet.", "Nada aconteceu ainda.", "Aún no ha pasado nada.", "Noch ist nichts geschehen.";
    e_last: "What happened last, newest first", "O que aconteceu por último, do mais novo ao mais antigo", "Lo último que pasó, lo más nuevo primero", "Was zuletzt geschah, das Neueste zuerst";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_language_has_a_place_for_the_same_values_and_ends_alike() {
        for (name, said) in ALL {
            let [english, others @ ..] = said;
            for other in others {
                assert!(!other.trim().is_empty(), "{name}");
                assert_eq!(other.matches("{}").count(), english.matches("{}").count(), "{name}: {other}");
                let end = |text: &str| text.chars().last().filter(|c| ".?…:".contains(*c));
                assert_eq!(end(other), end(english), "{name}: {other}");
            }
        }
    }
}
