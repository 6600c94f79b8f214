"""The data the demonstration shop starts from: goods, people, pictures and months of orders; never the act of loading."""
