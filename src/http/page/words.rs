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
    };
}

words! {
    skip: "Skip to content", "Ir para o conteúdo", "Ir al contenido", "Zum Inhalt";
    language: "Language", "Idioma", "Idioma", "Sprache";
    source: "Source code", "Código-fonte", "Código fuente", "Quelltext";
    licence: "free software, AGPL-3.0", "software livre, AGPL-3.0", "software libre, AGPL-3.0", "freie Software, AGPL-3.0";
    lost: "No contact with tetherd. What you see may be out of date. Trying again…", "Sem contato com o tetherd. O que você vê pode estar desatualizado. Tentando de novo…", "Sin contacto con tetherd. Lo que ve puede estar desactualizado. Reintentando…", "Kein Kontakt zu tetherd. Was hier steht, kann veraltet sein. Neuer Versuch läuft…";
    copy: "Copy", "Copiar", "Copiar", "Kopieren";
    copied: "Copied", "Copiado", "Copiado", "Kopiert";
    demo_scan: "Demo: scan it with the demo phone", "Demonstração: escanear com o celular de teste", "Demostración: escanear con el teléfono de prueba", "Vorführung: mit dem Probetelefon scannen";
    demo_unlink: "Demo: unlink on the phone", "Demonstração: desconectar no celular", "Demostración: desvincular en el teléfono", "Vorführung: am Telefon abmelden";
    demo: "Demo: a simulated WhatsApp, no real accounts.", "Demonstração: um WhatsApp simulado, sem contas reais.", "Demostración: un WhatsApp simulado, sin cuentas reales.", "Vorführung: ein nachgebildetes WhatsApp, keine echten Konten.";

    sign_in: "Sign in", "Entrar", "Iniciar sesión", "Anmelden";
    sign_in_lead: "Enter the key of this box.", "Digite a chave deste equipamento.", "Introduzca la clave de este equipo.", "Bitte den Schlüssel dieses Geräts eingeben.";
    key: "Key", "Chave", "Clave", "Schlüssel";
    key_where: "Where is my key?", "Onde está minha chave?", "¿Dónde está mi clave?", "Wo ist mein Schlüssel?";
    key_help: "On the box that runs tetherd, run:", "No equipamento onde o tetherd roda, execute:", "En el equipo donde corre tetherd, ejecute:", "Auf dem Gerät, auf dem tetherd läuft, ausführen:";
    key_token: "The key of a single account works too; you then see only that account.", "A chave de uma única conta também serve; você verá apenas essa conta.", "También sirve la clave de una sola cuenta; verá solo esa cuenta.", "Der Schlüssel eines einzelnen Kontos geht auch; dann ist nur dieses Konto zu sehen.";
    key_wrong: "That key does not fit. Check it and try again.", "Essa chave não confere. Verifique e tente de novo.", "Esa clave no es válida. Compruébela e inténtelo de nuevo.", "Dieser Schlüssel passt nicht. Bitte prüfen und noch einmal versuchen.";
    key_slow: "Too many wrong keys. Try again in {} seconds.", "Muitas chaves erradas. Tente de novo em {} segundos.", "Demasiadas claves erróneas. Inténtelo de nuevo en {} segundos.", "Zu viele falsche Schlüssel. Neuer Versuch in {} Sekunden.";
    sign_out: "Sign out", "Sair", "Cerrar sesión", "Abmelden";
    sign_out_all: "Sign out everywhere", "Sair em todos os lugares", "Cerrar sesión en todas partes", "Überall abmelden";

    accounts: "Accounts", "Contas", "Cuentas", "Konten";
    first_title: "Link your first account", "Conecte sua primeira conta", "Vincule su primera cuenta", "Das erste Konto verbinden";
    first_lead: "Give it a name. Then scan the code that appears with the phone.", "Dê um nome a ela. Depois escaneie com o celular o código que aparece.", "Póngale un nombre. Después escanee con el teléfono el código que aparece.", "Einen Namen geben. Dann den Code, der erscheint, mit dem Telefon scannen.";
    add: "Add an account", "Adicionar uma conta", "Añadir una cuenta", "Konto hinzufügen";
    name: "Name", "Nome", "Nombre", "Name";
    name_help: "Letters, digits, dots, dashes and spaces. Your programs use this name.", "Letras, números, pontos, hífens e espaços. Seus programas usam este nome.", "Letras, números, puntos, guiones y espacios. Sus programas usan este nombre.", "Buchstaben, Ziffern, Punkte, Striche und Leerzeichen. Ihre Programme benutzen diesen Namen.";
    name_bad: "This name is not possible: letters, digits, dots, dashes and spaces, 64 at most.", "Este nome não é possível: letras, números, pontos, hífens e espaços, no máximo 64.", "Este nombre no es posible: letras, números, puntos, guiones y espacios, 64 como máximo.", "Dieser Name geht nicht: Buchstaben, Ziffern, Punkte, Striche und Leerzeichen, höchstens 64.";
    name_taken: "There is already an account with this name.", "Já existe uma conta com este nome.", "Ya existe una cuenta con este nombre.", "Es gibt schon ein Konto mit diesem Namen.";
    create: "Add and show the code", "Adicionar e mostrar o código", "Añadir y mostrar el código", "Hinzufügen und Code zeigen";
    back: "All accounts", "Todas as contas", "Todas las cuentas", "Alle Konten";
    gone: "This account does not exist.", "Esta conta não existe.", "Esta cuenta no existe.", "Dieses Konto gibt es nicht.";
    failed: "That did not work: {}", "Não funcionou: {}", "No ha funcionado: {}", "Das ging nicht: {}";
    foreign: "This request did not come from this page, so nothing was changed.", "Este pedido não veio desta página; nada foi alterado.", "Esta solicitud no vino de esta página; no se ha cambiado nada.", "Diese Anfrage kam nicht von dieser Seite; es wurde nichts geändert.";

    state_open: "Linked", "Conectada", "Vinculada", "Verbunden";
    state_connecting: "Connecting", "Conectando", "Conectando", "Verbindet";
    state_scan: "Waiting for the phone", "Aguardando o celular", "Esperando al teléfono", "Wartet auf das Telefon";
    state_close: "Not linked", "Desconectada", "No vinculada", "Nicht verbunden";
    state_paused: "Interrupted", "Interrompida", "Interrumpida", "Unterbrochen";
    state_never: "Not linked yet", "Ainda não conectada", "Aún no vinculada", "Noch nicht verbunden";
    since: "since", "desde", "desde", "seit";
    next_try: "Next try in", "Próxima tentativa em", "Próximo intento en", "Nächster Versuch in";
    attempt: "try {}", "tentativa {}", "intento {}", "Versuch {}";
    syncing: "Fetching what happened meanwhile…", "Buscando o que aconteceu enquanto isso…", "Recuperando lo ocurrido mientras tanto…", "Holt nach, was inzwischen geschah…";

    r_connecting: "Connecting to WhatsApp.", "Conectando ao WhatsApp.", "Conectando con WhatsApp.", "Verbindung zu WhatsApp wird aufgebaut.";
    r_waiting: "Scan the code with the phone.", "Escaneie o código com o celular.", "Escanee el código con el teléfono.", "Bitte den Code mit dem Telefon scannen.";
    r_open: "Everything is working.", "Tudo está funcionando.", "Todo funciona.", "Alles funktioniert.";
    r_logged_out: "This device was unlinked. Connect it again to get a new code.", "Este aparelho foi desconectado. Conecte de novo para obter um novo código.", "Este dispositivo fue desvinculado. Conéctelo de nuevo para obtener un código.", "Dieses Gerät wurde abgemeldet. Neu verbinden, um einen neuen Code zu bekommen.";
    r_banned: "WhatsApp has banned this account for a time. tetherd tries again when the ban ends.", "O WhatsApp baniu esta conta por um tempo. O tetherd tenta de novo quando o banimento acabar.", "WhatsApp ha bloqueado esta cuenta por un tiempo. tetherd lo intentará cuando termine.", "WhatsApp hat dieses Konto eine Zeit lang gesperrt. tetherd versucht es danach wieder.";
    r_locked: "WhatsApp has locked this account. Open WhatsApp on the phone; it says what to do.", "O WhatsApp bloqueou esta conta. Abra o WhatsApp no celular; ele diz o que fazer.", "WhatsApp ha bloqueado esta cuenta. Abra WhatsApp en el teléfono; le dirá qué hacer.", "WhatsApp hat dieses Konto gesperrt. WhatsApp auf dem Telefon öffnen; dort steht, was zu tun ist.";
    r_passkey: "This account may only be linked with a passkey, which a box cannot give. Turn the passkey off on the phone, then connect again.", "Esta conta só pode ser conectada com uma chave de acesso (passkey). Desative-a no celular e conecte de novo.", "Esta cuenta solo puede vincularse con una llave de acceso (passkey). Desactívela en el teléfono y conecte de nuevo.", "Dieses Konto lässt sich nur mit einem Passkey verbinden, den ein solches Gerät nicht hat. Den Passkey am Telefon ausschalten und neu verbinden.";
    r_outdated: "WhatsApp no longer accepts this version of tetherd. Update tetherd.", "O WhatsApp não aceita mais esta versão do tetherd. Atualize o tetherd.", "WhatsApp ya no acepta esta versión de tetherd. Actualice tetherd.", "WhatsApp nimmt diese Version von tetherd nicht mehr an. Bitte tetherd aktualisieren.";
    r_timed_out: "WhatsApp did not answer in time.", "O WhatsApp não respondeu a tempo.", "WhatsApp no respondió a tiempo.", "WhatsApp hat nicht rechtzeitig geantwortet.";
    r_expired: "Nobody scanned the code. Connect to get a new one.", "Ninguém escaneou o código. Conecte para obter um novo.", "Nadie escaneó el código. Conecte para obtener otro.", "Niemand hat den Code gescannt. Verbinden gibt einen neuen.";
    r_disconnected: "The connection to WhatsApp ended.", "A conexão com o WhatsApp terminou.", "La conexión con WhatsApp terminó.", "Die Verbindung zu WhatsApp ist abgebrochen.";
    r_offline: "This box has no network. Check the cable, the Wi-Fi or the router.", "Este equipamento está sem rede. Verifique o cabo, o Wi-Fi ou o roteador.", "Este equipo no tiene red. Revise el cable, la wifi o el router.", "Dieses Gerät hat kein Netz. Kabel, WLAN oder Router prüfen.";
    r_name: "WhatsApp's address could not be found. The internet or the name server may be down.", "O endereço do WhatsApp não foi encontrado. A internet ou o DNS pode estar fora do ar.", "No se encontró la dirección de WhatsApp. Puede fallar internet o el servidor de nombres.", "Die Adresse von WhatsApp war nicht zu finden. Internet oder Namensdienst sind wohl gestört.";
    r_tls: "No secure connection to WhatsApp could be made. Something on the way may be interfering.", "Não foi possível uma conexão segura com o WhatsApp. Algo no caminho pode estar interferindo.", "No se pudo establecer una conexión segura con WhatsApp. Puede que algo interfiera en el camino.", "Keine sichere Verbindung zu WhatsApp möglich. Vermutlich stört etwas auf dem Weg.";
    r_clock: "The clock of this box is wrong, so no secure connection is possible. It continues as soon as the clock is set.", "O relógio deste equipamento está errado; sem isso não há conexão segura. Continua assim que o relógio for acertado.", "El reloj de este equipo está mal y no hay conexión segura posible. Seguirá en cuanto se ajuste.", "Die Uhr dieses Geräts geht falsch, so ist keine sichere Verbindung möglich. Es geht weiter, sobald sie gestellt ist.";
    r_replaced: "Another program took over this link. Stop the other one, then connect here.", "Outro programa assumiu esta conexão. Pare o outro e conecte aqui.", "Otro programa tomó este vínculo. Deténgalo y conecte aquí.", "Ein anderes Programm hat diese Verbindung übernommen. Das andere beenden, dann hier verbinden.";
    r_server: "WhatsApp reports a fault on its side.", "O WhatsApp relata uma falha do lado dele.", "WhatsApp informa de un fallo suyo.", "WhatsApp meldet eine Störung auf seiner Seite.";
    r_unavailable: "WhatsApp is not available right now.", "O WhatsApp não está disponível agora.", "WhatsApp no está disponible ahora.", "WhatsApp ist gerade nicht erreichbar.";
    r_restart: "WhatsApp asked for a fresh connection.", "O WhatsApp pediu uma nova conexão.", "WhatsApp pidió una conexión nueva.", "WhatsApp hat um eine neue Verbindung gebeten.";
    r_asking: "Asking Meta.", "Consultando a Meta.", "Preguntando a Meta.", "Meta wird gefragt.";
    cloud_out: "Meta's access token was forgotten. Give another one with PUT /instance/token.", "O token de acesso da Meta foi esquecido. Forneça outro com PUT /instance/token.", "Se olvidó el token de acceso de Meta. Dé otro con PUT /instance/token.", "Das Zugriffstoken von Meta ist vergessen. Ein neues mit PUT /instance/token geben.";
    r_cloud: "Meta refuses this number: {}", "A Meta recusa este número: {}", "Meta rechaza este número: {}", "Meta lehnt diese Nummer ab: {}";
    r_never: "Connect it to get a code for the phone.", "Conecte para obter um código para o celular.", "Conéctela para obtener un código para el teléfono.", "Verbinden gibt einen Code für das Telefon.";

    by_code: "With a code", "Com um código", "Con un código", "Mit einem Code";
    by_number: "With a phone number", "Com o número do celular", "Con un número de teléfono", "Mit einer Telefonnummer";
    qr_alt: "QR code to scan with WhatsApp", "Código QR para escanear com o WhatsApp", "Código QR para escanear con WhatsApp", "QR-Code zum Scannen mit WhatsApp";
    qr_left: "New code in", "Novo código em", "Código nuevo en", "Neuer Code in";
    qr_says: "{} left for this code", "Restam {} para este código", "Quedan {} para este código", "Noch {} für diesen Code";
    qr_count: "code {} of {}", "código {} de {}", "código {} de {}", "Code {} von {}";
    qr_coming: "Fetching a code from WhatsApp…", "Buscando um código no WhatsApp…", "Pidiendo un código a WhatsApp…", "Code wird von WhatsApp geholt…";
    linked_now: "Linked", "Conectada", "Vinculada", "Verbunden";
    linked_lead: "You can close this page. It stays linked.", "Você pode fechar esta página. A conexão permanece.", "Puede cerrar esta página. Seguirá vinculada.", "Diese Seite kann zu. Die Verbindung bleibt.";
    how: "On the phone", "No celular", "En el teléfono", "Auf dem Telefon";
    how_open: "Open WhatsApp", "Abra o WhatsApp", "Abra WhatsApp", "WhatsApp öffnen";
    how_menu: "Tap the three dots", "Toque nos três pontos", "Toque los tres puntos", "Auf die drei Punkte tippen";
    how_settings: "Tap Settings (You)", "Toque em Configurações (Você)", "Toque Configuración (Tú)", "Auf Einstellungen (Du) tippen";
    how_devices: "Tap Linked devices, then Link a device", "Toque em Dispositivos conectados e em Conectar dispositivo", "Toque Dispositivos vinculados y Vincular dispositivo", "Auf Verknüpfte Geräte, dann Gerät hinzufügen tippen";
    how_scan: "Point the phone at the code", "Aponte o celular para o código", "Apunte el teléfono al código", "Das Telefon auf den Code richten";
    how_type: "Tap Link with phone number instead and type the code", "Toque em Conectar com número de telefone e digite o código", "Toque Vincular con el número de teléfono y escriba el código", "Auf „Stattdessen mit Telefonnummer verknüpfen“ tippen und den Code eingeben";
    number: "Phone number of the account", "Número de telefone da conta", "Número de teléfono de la cuenta", "Telefonnummer des Kontos";
    number_help: "With country code, for example +55 11 99999-8888.", "Com código do país, por exemplo +55 11 99999-8888.", "Con código de país, por ejemplo +34 612 34 56 78.", "Mit Ländervorwahl, zum Beispiel +49 151 23456789.";
    number_bad: "This cannot be a phone number with country code. Write it like +55 11 99999-8888.", "Isto não pode ser um número com código do país. Escreva como +55 11 99999-8888.", "Esto no puede ser un número con código de país. Escríbalo como +34 612 34 56 78.", "Das kann keine Telefonnummer mit Ländervorwahl sein. Bitte so: +49 151 23456789.";
    number_get: "Get a code", "Obter um código", "Obtener un código", "Code holen";
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
    log_out: "Log out", "Desconectar", "Cerrar la vinculación", "Konto abmelden";
    log_out_ask: "The account is unlinked from this box. To use it again the phone must scan a new code.", "A conta é desconectada deste equipamento. Para usá-la de novo, o celular precisa escanear um novo código.", "La cuenta se desvincula de este equipo. Para volver a usarla, el teléfono debe escanear otro código.", "Das Konto wird von diesem Gerät getrennt. Um es wieder zu benutzen, muss das Telefon einen neuen Code scannen.";
    cloud_out_ask: "Meta's access token is forgotten. To use the account again another one must be given.", "O token de acesso da Meta é esquecido. Para usar a conta de novo, é preciso fornecer outro.", "Se olvida el token de acceso de Meta. Para volver a usar la cuenta hay que dar otro.", "Das Zugriffstoken von Meta wird vergessen. Um das Konto wieder zu benutzen, muss ein neues gegeben werden.";
    delete: "Delete", "Excluir", "Eliminar", "Löschen";
    delete_ask: "The account is unlinked, and its settings, webhook and key are lost for good. Events not yet delivered still are.", "A conta é desconectada, e suas configurações, webhook e chave são perdidos para sempre. Eventos pendentes ainda são entregues.", "La cuenta se desvincula y se pierden para siempre sus ajustes, webhook y clave. Los eventos pendientes aún se entregan.", "Das Konto wird getrennt; Einstellungen, Webhook und Schlüssel gehen für immer verloren. Offene Ereignisse werden noch zugestellt.";
    invite: "Let somebody else scan", "Deixar outra pessoa escanear", "Que escanee otra persona", "Jemand anderen scannen lassen";
    invite_lead: "Makes an address that shows only the code of this account, without a key, for 10 minutes.", "Cria um endereço que mostra só o código desta conta, sem chave, por 10 minutos.", "Crea una dirección que muestra solo el código de esta cuenta, sin clave, durante 10 minutos.", "Erzeugt eine Adresse, die nur den Code dieses Kontos zeigt, ohne Schlüssel, 10 Minuten lang.";
    invite_make: "Make an address", "Criar um endereço", "Crear una dirección", "Adresse erzeugen";
    invite_end: "Take it back", "Revogar", "Retirarla", "Zurücknehmen";
    invite_shown: "Send this address to that person. It is shown only now.", "Envie este endereço a essa pessoa. Ele só aparece agora.", "Envíe esta dirección a esa persona. Solo se muestra ahora.", "Diese Adresse weitergeben. Sie wird nur jetzt gezeigt.";
    invite_over: "This address is no longer valid. Ask for a new one.", "Este endereço não vale mais. Peça um novo.", "Esta dirección ya no es válida. Pida otra.", "Diese Adresse gilt nicht mehr. Bitte um eine neue bitten.";
    saved: "Saved.", "Salvo.", "Guardado.", "Gespeichert.";
    save: "Save", "Salvar", "Guardar", "Speichern";
    s_reject: "Refuse calls", "Recusar chamadas", "Rechazar llamadas", "Anrufe ablehnen";
    s_text: "Answer to refused calls", "Resposta às chamadas recusadas", "Respuesta a llamadas rechazadas", "Antwort auf abgelehnte Anrufe";
    s_groups: "Ignore groups", "Ignorar grupos", "Ignorar grupos", "Gruppen ignorieren";
    s_online: "Always shown as online", "Sempre visível como online", "Mostrar siempre en línea", "Immer als online zeigen";
    s_read: "Mark messages as read", "Marcar mensagens como lidas", "Marcar mensajes como leídos", "Nachrichten als gelesen markieren";
    s_status: "Mark status updates as read", "Marcar status como lidos", "Marcar estados como leídos", "Statusmeldungen als gelesen markieren";
    s_history: "Fetch the whole history when linking", "Buscar todo o histórico ao conectar", "Traer todo el historial al vincular", "Beim Verbinden den ganzen Verlauf holen";
    w_url: "Address that is told of events", "Endereço que recebe os eventos", "Dirección que recibe los eventos", "Adresse, die Ereignisse bekommt";
    w_on: "Deliver events", "Entregar eventos", "Entregar eventos", "Ereignisse zustellen";
    w_deliveries: "Deliveries", "Entregas", "Entregas", "Zustellungen";
    w_none: "Nothing has been delivered yet.", "Nada foi entregue ainda.", "Aún no se ha entregado nada.", "Noch nichts zugestellt.";
    w_again: "Send again", "Enviar de novo", "Enviar de nuevo", "Noch einmal senden";
    w_pending: "waiting", "aguardando", "en espera", "wartet";
    w_delivered: "delivered", "entregue", "entregado", "zugestellt";
    w_dead: "given up", "desistiu", "abandonado", "aufgegeben";
    w_bad: "This is no address a webhook can have. It starts with http:// or https://.", "Este não é um endereço possível. Ele começa com http:// ou https://.", "Esta dirección no es posible. Empieza por http:// o https://.", "Das ist keine mögliche Adresse. Sie beginnt mit http:// oder https://.";
    what: "What", "O quê", "Qué", "Was";
    when: "When", "Quando", "Cuándo", "Wann";
    result: "Result", "Resultado", "Resultado", "Ergebnis";
    e_none: "Nothing has happened yet.", "Nada aconteceu ainda.", "Aún no ha pasado nada.", "Noch ist nichts geschehen.";
}
