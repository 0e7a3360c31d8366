import java.io.FileInputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.jena.atlas.lib.EscapeStr;
import org.apache.jena.graph.Node;
import org.apache.jena.riot.tokens.Token;
import org.apache.jena.riot.tokens.TokenType;
import org.apache.jena.riot.tokens.Tokenizer;
import org.apache.jena.riot.tokens.TokenizerText;

/** Reads RDF Patch with the tokenizer that Jena's own reader stands on; prints each row, its terms as N-Triples. */
public class PatchTokens {
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (FileInputStream input = new FileInputStream(arguments[0])) {
            Tokenizer tokens = TokenizerText.create().source(input).build();
            while (tokens.hasNext()) {
                Token letter = tokens.next();
                if (!letter.isWord()) throw new IllegalStateException("no row begins with " + letter);
                List<String> row = new ArrayList<>(List.of(letter.getImage()));
                if (letter.getImage().equals("H")) row.add(tokens.next().getImage());
                for (Token token = tokens.next(); !token.hasType(TokenType.DOT); token = tokens.next())
                    row.add(plain(token.asNode()));
                out.println(String.join(" ", row) + " .");
            }
        }
        out.flush();
    }

    /** A term in N-Triples syntax. */
    private static String plain(Node node) {
        if (node.isURI()) return "<" + node.getURI() + ">";
        String text = '"' + EscapeStr.stringEsc(node.getLiteralLexicalForm()) + '"';
        if (!node.getLiteralLanguage().isEmpty()) return text + "@" + node.getLiteralLanguage();
        return text + "^^<" + node.getLiteralDatatypeURI() + ">";
    }
}
