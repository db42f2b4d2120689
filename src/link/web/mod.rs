//! WHATSAPP-BAILEYS: the engine.
